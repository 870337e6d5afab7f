//! Values that Docker refuses too, in its words.

use std::net::IpAddr;

use drydock_image::Image;

use crate::{
    container::{log::options, spec},
    error::EngineError,
    wire::{HostConfig, RunConfig, container::NetworkingRequest},
};

/// Asks for the address of the workstation in `--add-host`.
pub(crate) const HOST_GATEWAY: &str = "host-gateway";

/// Looks at all that can be judged before anything is made.
pub(super) fn check(host: &HostConfig) -> Result<(), EngineError> {
    options::check(&host.log_config)?;
    spec::seccomp(host)?;
    restart_policy(host)?;
    host.extra_hosts
        .iter()
        .flatten()
        .try_for_each(|line| extra_host(line))?;
    modes(host)?;
    if !matches!(host.runtime.as_str(), "" | "runc" | "io.containerd.runc.v2") {
        return invalid(format!("Unknown runtime specified {}", host.runtime));
    }
    if !matches!(host.isolation.as_str(), "" | "default") {
        return invalid(format!(
            "Invalid isolation: {:?} - linux only supports 'default'",
            host.isolation
        ));
    }
    if host.shm_size < 0 {
        return invalid("SHM size can not be less than 0".into());
    }
    if !(-1000..=1000).contains(&host.oom_score_adj) {
        return invalid(format!(
            "Invalid value {}, range for oom score adj is [-1000, 1000]",
            host.oom_score_adj
        ));
    }
    Ok(())
}

fn invalid<T>(text: String) -> Result<T, EngineError> {
    Err(EngineError::Invalid(text))
}

/// Also of `docker update`.
pub(crate) fn restart_policy(host: &HostConfig) -> Result<(), EngineError> {
    let policy = &host.restart_policy;
    match (policy.name.as_str(), policy.maximum_retry_count) {
        ("" | "no" | "always" | "unless-stopped", 0) | ("on-failure", 0..) => {}
        ("on-failure", _) => return invalid("maximum retry count cannot be negative".into()),
        (name @ ("always" | "unless-stopped" | "no"), _) => {
            return invalid(format!(
                "maximum retry count cannot be used with restart policy '{name}'"
            ));
        }
        (name, _) => return invalid(format!("invalid restart policy '{name}'")),
    }
    if host.auto_remove && !matches!(policy.name.as_str(), "" | "no") {
        return invalid("can't create 'AutoRemove' container with restart policy".into());
    }
    Ok(())
}

fn extra_host(line: &str) -> Result<(), EngineError> {
    let Some((name, address)) = line
        .split_once([':', '='])
        .filter(|(name, _)| !name.is_empty())
    else {
        return invalid(format!("bad format for add-host: {line:?}"));
    };
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    let fits = address == HOST_GATEWAY || bare.parse::<IpAddr>().is_ok();
    if !fits || name.contains(|c: char| c.is_control()) {
        return invalid(format!("invalid IP address in add-host: {address:?}"));
    }
    Ok(())
}

/// Modes that Docker does not know; those that a sandbox does not have are refused by name elsewhere.
fn modes(host: &HostConfig) -> Result<(), EngineError> {
    let shared = |mode: &str| mode == "host" || mode.starts_with("container:");
    let odd =
        |mode: &str, known: &[&str]| !mode.is_empty() && !shared(mode) && !known.contains(&mode);
    if odd(&host.ipc_mode, &["private", "shareable", "none"]) {
        return invalid(format!("invalid IPC mode: {}", host.ipc_mode));
    }
    if odd(&host.pid_mode, &["private"]) {
        return invalid(format!("invalid PID mode: {}", host.pid_mode));
    }
    if !matches!(host.uts_mode.as_str(), "" | "host") {
        return invalid(format!("invalid UTS mode: {}", host.uts_mode));
    }
    if !matches!(host.userns_mode.as_str(), "" | "host") {
        return invalid(format!("invalid userns mode: {}", host.userns_mode));
    }
    if !matches!(host.cgroupns_mode.as_str(), "" | "host" | "private") {
        return invalid(format!(
            "invalid cgroup namespace mode: {}",
            host.cgroupns_mode
        ));
    }
    Ok(())
}

/// What the default networks cannot give, as in Docker.
pub(super) fn networking(
    config: &RunConfig,
    networking: &NetworkingRequest,
) -> Result<(), EngineError> {
    let mut mac_address = config.mac_address.as_str();
    for endpoint in networking.endpoints_config.values() {
        let addresses = &endpoint.ipam_config;
        if !addresses.ipv4_address.is_empty() || !addresses.ipv6_address.is_empty() {
            return invalid(
                "user specified IP address is supported on user defined networks only".into(),
            );
        }
        if !endpoint.aliases.is_empty() {
            return invalid(
                "network-scoped alias is supported only for containers in user defined networks"
                    .into(),
            );
        }
        if mac_address.is_empty() {
            mac_address = &endpoint.mac_address;
        }
    }
    if mac_address.is_empty() {
        return Ok(());
    }
    Err(EngineError::Unsupported {
        what: "choose a hardware address (--mac-address)".into(),
        next: "leave the flag out",
    })
}

/// Operating systems and architectures that Docker knows, of those that are still met.
const SYSTEMS: [&str; 4] = ["linux", "windows", "darwin", "freebsd"];
const ARCHITECTURES: [&str; 12] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64", "s390x", "x86_64",
    "aarch64", "i386",
];

/// `--platform`: the image must be for it.
pub(super) fn platform(asked: &str, name: &str, image: &Image) -> Result<(), EngineError> {
    if asked.is_empty() {
        return Ok(());
    }
    let lower = asked.to_ascii_lowercase();
    let mut parts = lower.split('/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let own_os = image.config.os.as_str();
    let own_arch = image.config.architecture.as_str();
    let (os, arch) = match second {
        Some(arch) => (first, arch),
        None if SYSTEMS.contains(&first) => (first, own_arch),
        None if ARCHITECTURES.contains(&first) => (own_os, first),
        None => {
            return invalid(format!(
                "{asked:?}: unknown operating system or architecture: invalid argument"
            ));
        }
    };
    let arch = match arch {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "i386" => "386",
        other => other,
    };
    if (os, arch) == (own_os, own_arch) || own_os.is_empty() {
        return Ok(());
    }
    Err(EngineError::WrongPlatform {
        image: name.into(),
        wanted: format!("{os}/{arch}"),
        actual: format!("{own_os}/{own_arch}"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn said(host: &HostConfig) -> String {
        check(host).unwrap_err().to_string()
    }

    #[test]
    fn hosts_are_names_with_addresses() {
        let with = |line: &str| HostConfig {
            extra_hosts: Some(vec![line.into()]),
            ..HostConfig::default()
        };
        for line in [
            "db:10.0.0.1",
            "db=10.0.0.1",
            "v6:::1",
            "v6=[::1]",
            "gw:host-gateway",
        ] {
            assert!(check(&with(line)).is_ok(), "{line}");
        }
        assert_eq!(
            said(&with("nonsense")),
            "bad format for add-host: \"nonsense\""
        );
        assert_eq!(said(&with("a:b")), "invalid IP address in add-host: \"b\"");
        assert!(check(&with("a\nb:10.0.0.1")).is_err());
    }

    #[test]
    fn modes_that_nobody_knows_are_refused() {
        let host = HostConfig {
            cgroupns_mode: "weird".into(),
            ..HostConfig::default()
        };
        assert_eq!(said(&host), "invalid cgroup namespace mode: weird");
        let host = HostConfig {
            oom_score_adj: 5000,
            ..HostConfig::default()
        };
        assert!(said(&host).starts_with("Invalid value 5000, range"));
    }
}
