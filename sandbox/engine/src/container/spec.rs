//! From the record to what the runtime starts.

use std::path::PathBuf;

use drydock_runtime::{
    capability::{Capabilities, UnknownCapability},
    container::{
        ContainerSpec, FilesSpec, Mount, MountSource, ProcessSpec, Reach, Rlimit, Seccomp, TermSize,
    },
};

use super::{
    Container,
    create::{self, merge},
    namespaces,
};
use crate::{
    Engine,
    error::EngineError,
    network::Seat,
    wire::{
        HostConfig,
        mount::{MountKind, MountPoint},
    },
};

/// What the runtime starts for one run of `container`.
pub(crate) fn spec(
    engine: &Engine,
    container: &Container,
    seat: &Seat,
) -> Result<ContainerSpec, EngineError> {
    let (config, host) = (&container.config, &container.host);
    let size = TermSize {
        cols: host.console_size[1],
        rows: host.console_size[0],
    };
    // Outer ones first: a volume at `/etc` must not hide the three files in it.
    let asked = container.mounts.iter().map(|point| mount(engine, point));
    let mut mounts: Vec<Mount> = asked.collect::<Result<_, _>>()?;
    mounts.extend(etc(container));
    let (capabilities, reach) = powers(engine, host)?;
    Ok(ContainerSpec {
        id: container.id.to_string(),
        hostname: config.hostname.clone(),
        domainname: config.domainname.clone(),
        rootfs: create::rootfs(container),
        readonly_rootfs: host.readonly_rootfs,
        mounts,
        network: seat.to_runtime(),
        masked: !host.privileged,
        process: ProcessSpec {
            args: container.argv(),
            env: merge::environment(config, config.tty),
            cwd: cwd(&config.working_dir),
            user: config.user.clone(),
            groups: host.group_add.clone().unwrap_or_default(),
            tty: config.tty.then_some(size),
            capabilities,
            reach,
            no_new_privileges: no_new_privileges(host),
            seccomp: seccomp(host)?,
            rlimits: rlimits(host),
        },
        init: host.init.unwrap_or(false),
        pid: namespaces::whose(&host.pid_mode),
        ipc: namespaces::whose(&host.ipc_mode),
        uts: namespaces::whose(&host.uts_mode),
        shm_size: (host.ipc_mode != "none").then(|| u64::try_from(host.shm_size).unwrap_or(0)),
    })
}

/// Docker's default.
pub(crate) fn cwd(working_dir: &str) -> String {
    if working_dir.is_empty() {
        "/".into()
    } else {
        working_dir.into()
    }
}

/// The three files that every container gets, unless it mounts its own.
fn etc(container: &Container) -> Vec<Mount> {
    let own = |target: &str| {
        container
            .mounts
            .iter()
            .all(|point| point.destination != target)
    };
    ["resolv.conf", "hostname", "hosts"]
        .into_iter()
        .map(|name| (name, format!("/etc/{name}")))
        .filter(|(_, target)| own(target))
        .map(|(name, target)| Mount {
            source: MountSource::Engine(container.dir.join(name)),
            target: PathBuf::from(target),
            readonly: container.host.readonly_rootfs,
        })
        .collect()
}

/// The container's files as Docker shows them from outside: no `/proc`, no memory file systems.
pub(crate) fn files(engine: &Engine, container: &Container) -> Result<FilesSpec, EngineError> {
    let mut mounts = Vec::new();
    // Written when it is first started.
    if container.dir.join("hosts").exists() {
        mounts = etc(container);
    }
    for point in &container.mounts {
        if point.kind != MountKind::Tmpfs {
            mounts.push(mount(engine, point)?);
        }
    }
    Ok(FilesSpec {
        rootfs: create::rootfs(container),
        mounts,
        readonly_rootfs: container.host.readonly_rootfs,
    })
}

fn mount(engine: &Engine, point: &MountPoint) -> Result<Mount, EngineError> {
    let source = match point.kind {
        MountKind::Bind => MountSource::Workstation(PathBuf::from(&point.source)),
        MountKind::Volume => MountSource::Engine(engine.volumes.get(&point.name)?.data.clone()),
        MountKind::Tmpfs => MountSource::Tmpfs(point.tmpfs.clone()),
    };
    Ok(Mount {
        source,
        target: PathBuf::from(&point.destination),
        readonly: !point.rw,
    })
}

/// What its processes may do, and over what: capabilities beyond the ceiling reach the container alone.
pub(crate) fn powers(
    engine: &Engine,
    host: &HostConfig,
) -> Result<(Capabilities, Reach), EngineError> {
    if host.privileged {
        return if engine.launcher.has_powers() {
            Ok((Capabilities::all(), Reach::Container))
        } else {
            Err(EngineError::privileged())
        };
    }
    let set = capabilities(host)?;
    match set.beyond(Capabilities::ceiling()).as_slice() {
        [] => Ok((set, Reach::Sandbox)),
        _ if engine.launcher.has_powers() => Ok((set, Reach::Container)),
        [first, ..] => Err(EngineError::Unsupported {
            what: format!("add the capability {first} (--cap-add)"),
            next: "this lesson's sandbox keeps what would be power over itself; Docker's own set is there without asking",
        }),
    }
}

/// Docker's set, what `--cap-drop` takes away, what `--cap-add` adds.
fn capabilities(host: &HostConfig) -> Result<Capabilities, EngineError> {
    let unknown = |flag: &'static str| {
        move |error: UnknownCapability| {
            EngineError::Invalid(format!(
                "invalid {flag}: unknown capability: \"CAP_{}\"",
                error.0.to_uppercase().trim_start_matches("CAP_")
            ))
        }
    };
    let mut set = Capabilities::docker_default();
    let (add, drop) = (
        host.cap_add.iter().flatten(),
        host.cap_drop.iter().flatten(),
    );
    let all = |name: &&String| name.eq_ignore_ascii_case("all");
    // ALL comes first on either side: `--cap-drop ALL --cap-add CHOWN` leaves one.
    for name in drop.clone().filter(all) {
        set = set.without(name).map_err(unknown("CapDrop"))?;
    }
    for name in add {
        set = set.with(name).map_err(unknown("CapAdd"))?;
    }
    for name in drop.filter(|name| !all(name)) {
        set = set.without(name).map_err(unknown("CapDrop"))?;
    }
    Ok(set)
}

/// Docker writes the option with `=`, with `:`, or alone.
pub(crate) fn no_new_privileges(host: &HostConfig) -> bool {
    host.security_opt.iter().flatten().any(|option| {
        matches!(
            option.as_str(),
            "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true"
        )
    })
}

pub(crate) fn seccomp(host: &HostConfig) -> Result<Seccomp, EngineError> {
    let mut seccomp = if host.privileged {
        Seccomp::Unconfined
    } else {
        Seccomp::Default
    };
    for option in host.security_opt.iter().flatten() {
        let invalid = |n: u8| {
            Err(EngineError::Invalid(format!(
                "invalid --security-opt {n}: {option:?}"
            )))
        };
        match option.split_once('=').or_else(|| option.split_once(':')) {
            Some(("seccomp", "unconfined")) => seccomp = Seccomp::Unconfined,
            Some(("seccomp", "builtin")) => seccomp = Seccomp::Default,
            Some(("seccomp", _)) => {
                return Err(EngineError::Unsupported {
                    what: "use a seccomp profile of one's own (--security-opt seccomp=…)".into(),
                    next: "use seccomp=unconfined or leave the option out",
                });
            }
            Some((
                "no-new-privileges",
                "1" | "t" | "T" | "true" | "TRUE" | "True" | "0" | "f" | "F" | "false" | "FALSE"
                | "False",
            )) => {}
            Some(("apparmor" | "label" | "systempaths", _)) => {}
            None if matches!(option.as_str(), "no-new-privileges" | "disable") => {}
            Some(_) => return invalid(2),
            None => return invalid(1),
        }
    }
    Ok(seccomp)
}

pub(crate) fn rlimits(host: &HostConfig) -> Vec<Rlimit> {
    let limit = |number: i64| u64::try_from(number).unwrap_or(u64::MAX);
    let ulimits = host.ulimits.iter().flatten();
    ulimits
        .map(|u| Rlimit {
            name: u.name.clone(),
            soft: limit(u.soft),
            hard: limit(u.hard),
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Option<Vec<String>> {
        Some(list.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn dropping_all_and_adding_one_leaves_one() {
        let host = HostConfig {
            cap_drop: words(&["ALL"]),
            cap_add: words(&["CHOWN"]),
            ..HostConfig::default()
        };
        assert_eq!(
            capabilities(&host).unwrap(),
            Capabilities::none().with("CHOWN").unwrap()
        );
        let odd = HostConfig {
            cap_add: words(&["FLY"]),
            ..HostConfig::default()
        };
        assert!(capabilities(&odd).is_err());
    }

    #[test]
    fn security_options_are_understood_or_refused() {
        let with = |option: &str| HostConfig {
            security_opt: words(&[option]),
            ..HostConfig::default()
        };
        assert!(no_new_privileges(&with("no-new-privileges")));
        assert!(!no_new_privileges(&with("no-new-privileges=false")));
        assert_eq!(
            seccomp(&with("seccomp=unconfined")).unwrap(),
            Seccomp::Unconfined
        );
        assert!(seccomp(&with("seccomp={}")).is_err());
        assert!(seccomp(&with("nonsense")).is_err());
    }
}
