//! What a sandbox cannot do, by the flag that asks for it, with what to do instead.

use crate::{
    error::EngineError,
    wire::{HostConfig, RunConfig},
};

/// Refuses what would otherwise silently not happen.
pub(super) fn check(_config: &RunConfig, host: &HostConfig) -> Result<(), EngineError> {
    let limits = "the whole sandbox has limits of memory, processor and processes already; leave the flag out";
    let devices = "containers of a sandbox have no devices of the host; leave the flag out";
    let namespaces = "containers share only networks and volumes here; leave the flag out";
    let asked = [
        (
            host.port_bindings.as_ref().is_some_and(|p| !p.is_empty()) || host.publish_all_ports,
            "publish ports (-p, --publish, -P)",
            "every port of a container is open to the workstation at its address: see docker inspect",
        ),
        (
            host.memory != 0,
            "limit memory for one container (-m, --memory)",
            limits,
        ),
        (
            host.memory_swap != 0 && host.memory_swap != -1,
            "limit swap for one container (--memory-swap)",
            limits,
        ),
        (
            host.memory_reservation != 0,
            "reserve memory (--memory-reservation)",
            limits,
        ),
        (
            host.nano_cpus != 0,
            "limit processors for one container (--cpus)",
            limits,
        ),
        (
            host.cpu_quota != 0 || host.cpu_period != 0,
            "limit processor time (--cpu-quota, --cpu-period)",
            limits,
        ),
        (
            host.cpu_shares != 0,
            "weigh processor time (--cpu-shares)",
            limits,
        ),
        (
            !host.cpuset_cpus.is_empty() || !host.cpuset_mems.is_empty(),
            "choose processors (--cpuset-cpus)",
            limits,
        ),
        (
            host.pids_limit.is_some_and(|limit| limit > 0),
            "limit processes for one container (--pids-limit)",
            limits,
        ),
        (
            host.blkio_weight != 0,
            "weigh disk access (--blkio-weight)",
            limits,
        ),
        (
            host.devices.as_ref().is_some_and(|d| !d.is_empty()),
            "pass devices on (--device)",
            devices,
        ),
        (
            host.device_requests.as_ref().is_some_and(|d| !d.is_empty()),
            "pass graphics processors on (--gpus)",
            devices,
        ),
        (
            !host.links.as_deref().unwrap_or_default().is_empty(),
            "link containers (--link)",
            "reach the other container by its address: see docker inspect",
        ),
        (
            !host.cgroup_parent.is_empty(),
            "choose a control group (--cgroup-parent)",
            limits,
        ),
        (
            !host.sysctls.is_empty(),
            "set kernel parameters (--sysctl)",
            "leave the flag out",
        ),
        (
            !host.storage_opt.is_empty(),
            "set storage options (--storage-opt)",
            "leave the flag out",
        ),
        (
            host.pid_mode == "host" || host.pid_mode.starts_with("container:"),
            "share process namespaces (--pid)",
            namespaces,
        ),
        (
            host.ipc_mode == "host" || host.ipc_mode.starts_with("container:"),
            "share IPC namespaces (--ipc)",
            namespaces,
        ),
        (
            host.uts_mode == "host",
            "share the host's name (--uts)",
            namespaces,
        ),
        (
            host.network_mode.starts_with("container:"),
            "share a container's network (--network container:…)",
            namespaces,
        ),
    ];
    for (is_asked, what, next) in asked {
        if is_asked {
            return Err(EngineError::Unsupported {
                what: what.into(),
                next,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(host: &HostConfig) -> Option<String> {
        check(&RunConfig::default(), host)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn what_cannot_be_done_is_named_with_the_next_step() {
        assert_eq!(refused(&HostConfig::default()), None);
        let memory = HostConfig {
            memory: 1 << 20,
            ..HostConfig::default()
        };
        assert!(
            refused(&memory).is_some_and(
                |text| text.contains("--memory") && text.contains("leave the flag out")
            )
        );
        let ports = HostConfig {
            publish_all_ports: true,
            ..HostConfig::default()
        };
        assert!(refused(&ports).is_some_and(|text| text.contains("--publish")));
    }
}
