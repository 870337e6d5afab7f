//! What a sandbox cannot do, by the flag that asks for it, with what to do instead.

use crate::{
    error::EngineError,
    wire::{HostConfig, RunConfig},
};

/// Refuses what would otherwise silently not happen.
pub(super) fn check(_config: &RunConfig, host: &HostConfig) -> Result<(), EngineError> {
    let devices = "containers of a sandbox have no devices of the host; leave the flag out";
    let asked = [
        (
            !host.cgroup_parent.is_empty(),
            "choose a control group (--cgroup-parent)",
            "each container has one of its own; leave the flag out",
        ),
        (
            !host.sysctls.is_empty(),
            "set kernel parameters (--sysctl)",
            "leave the flag out",
        ),
        (
            host.device_cgroup_rules
                .as_ref()
                .is_some_and(|rules| !rules.is_empty()),
            "allow devices (--device-cgroup-rule)",
            devices,
        ),
        (
            host.oom_score_adj != 0,
            "choose who is killed when memory runs out (--oom-score-adj)",
            "leave the flag out",
        ),
        (
            host.cpu_realtime_period != 0 || host.cpu_realtime_runtime != 0,
            "schedule in real time (--cpu-rt-period, --cpu-rt-runtime)",
            "leave the flag out",
        ),
        (
            [
                &host.blkio_weight_device,
                &host.blkio_device_read_bps,
                &host.blkio_device_write_bps,
                &host.blkio_device_read_iops,
                &host.blkio_device_write_iops,
            ]
            .into_iter()
            .flatten()
            .any(|limits| !limits.is_empty()),
            "limit access to a device (--device-read-bps and the like)",
            devices,
        ),
        (
            !host.storage_opt.is_empty(),
            "set storage options (--storage-opt)",
            "leave the flag out",
        ),
    ];
    first_asked(asked)?;
    limits(host)
}

fn first_asked<const N: usize>(
    asked: [(bool, &'static str, &'static str); N],
) -> Result<(), EngineError> {
    match asked.into_iter().find(|(is_asked, ..)| *is_asked) {
        Some((_, what, next)) => Err(EngineError::Unsupported {
            what: what.into(),
            next,
        }),
        None => Ok(()),
    }
}

/// Limits that no container of a sandbox can have, whatever the host; `docker update` asks for them too.
pub(crate) fn limits(host: &HostConfig) -> Result<(), EngineError> {
    let disks = "the files of a sandbox are in memory, which has no queue to be weighed; leave the flag out";
    let devices = "containers of a sandbox have no devices of the host; leave the flag out";
    let realtime = "realtime scheduling is the host's own; use --cpu-shares or --cpus";
    let kernel = "the kernel counts its own memory as the container's; use --memory";
    let some = |list: &Option<Vec<serde_json::Value>>| list.as_ref().is_some_and(|l| !l.is_empty());
    first_asked([
        (
            host.blkio_weight != 0 || some(&host.blkio_weight_device),
            "weigh disk access (--blkio-weight)",
            disks,
        ),
        (
            some(&host.blkio_device_read_bps)
                || some(&host.blkio_device_write_bps)
                || some(&host.blkio_device_read_iops)
                || some(&host.blkio_device_write_iops),
            "limit disk access (--device-read-bps and the like)",
            disks,
        ),
        (
            host.device_cgroup_rules
                .as_ref()
                .is_some_and(|rules| !rules.is_empty()),
            "allow devices (--device-cgroup-rule)",
            devices,
        ),
        (
            some(&host.device_requests),
            "pass graphics processors on (--gpus)",
            devices,
        ),
        (
            host.kernel_memory != 0 || host.kernel_memory_tcp != 0,
            "limit the kernel's memory (--kernel-memory)",
            kernel,
        ),
        (
            host.cpu_realtime_period != 0 || host.cpu_realtime_runtime != 0,
            "schedule in real time (--cpu-rt-runtime, --cpu-rt-period)",
            realtime,
        ),
    ])
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
        let weight = HostConfig {
            blkio_weight: 500,
            ..HostConfig::default()
        };
        assert!(refused(&weight).is_some_and(
            |text| text.contains("--blkio-weight") && text.contains("leave the flag out")
        ));
        let realtime = HostConfig {
            cpu_realtime_runtime: 1000,
            ..HostConfig::default()
        };
        assert!(refused(&realtime).is_some_and(|text| text.contains("--cpu-rt-runtime")));
    }
}
