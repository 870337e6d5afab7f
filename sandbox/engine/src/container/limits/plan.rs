//! From `HostConfig` to what the runtime writes. Pure.

use drydock_runtime::cgroup::{CpuTime, Most, Resources};

use crate::wire::HostConfig;

/// The period that `--cpus` is a part of; Docker's, and the kernel's default.
const PERIOD_US: i64 = 100_000;

/// What is asked for. Zero is nothing, as in Docker. The error is a runtime's words for what no kernel takes.
pub(crate) fn resources(host: &HostConfig) -> Result<Resources, String> {
    Ok(Resources {
        memory: positive(host.memory),
        memory_and_swap: most(host.memory_swap),
        reservation: positive(host.memory_reservation),
        swappiness: host.memory_swappiness.and_then(|n| u64::try_from(n).ok()),
        oom_kill_disable: host.oom_kill_disable.filter(|disable| *disable),
        cpu: cpu(host),
        cpu_shares: shares(host.cpu_shares)?,
        cpus: text(&host.cpuset_cpus),
        mems: text(&host.cpuset_mems),
        pids: host
            .pids_limit
            .map(|limit| positive(limit).map_or(Most::Unlimited, Most::Of)),
    })
}

fn positive(number: i64) -> Option<u64> {
    u64::try_from(number).ok().filter(|number| *number > 0)
}

fn most(number: i64) -> Option<Most> {
    match number {
        0 => None,
        ..0 => Some(Most::Unlimited),
        _ => positive(number).map(Most::Of),
    }
}

fn text(list: &str) -> Option<String> {
    Some(list.to_owned()).filter(|list| !list.is_empty())
}

fn cpu(host: &HostConfig) -> CpuTime {
    if host.nano_cpus > 0 {
        return CpuTime {
            quota: positive(host.nano_cpus / (1_000_000_000 / PERIOD_US)).map(Most::Of),
            period: positive(PERIOD_US),
        };
    }
    CpuTime {
        quota: most(host.cpu_quota),
        period: positive(host.cpu_period),
    }
}

fn shares(shares: i64) -> Result<Option<u64>, String> {
    match shares {
        0 => Ok(None),
        1 => Err("the minimum allowed cpu-shares is 2".into()),
        2..=262_144 => Ok(positive(shares)),
        _ => Err("the maximum allowed cpu-shares is 262144".into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_a_quota_in_a_period() {
        let host = HostConfig {
            nano_cpus: 1_500_000_000,
            ..HostConfig::default()
        };
        let cpu = resources(&host).unwrap().cpu;
        assert_eq!(cpu.quota, Some(Most::Of(150_000)));
        assert_eq!(cpu.period, Some(100_000));
    }

    #[test]
    fn zero_is_nothing_and_less_is_no_limit() {
        assert_eq!(
            resources(&HostConfig::default()).unwrap(),
            Resources::default()
        );
        let host = HostConfig {
            memory_swap: -1,
            pids_limit: Some(0),
            ..HostConfig::default()
        };
        let lifted = resources(&host).unwrap();
        assert_eq!(lifted.memory_and_swap, Some(Most::Unlimited));
        assert_eq!(lifted.pids, Some(Most::Unlimited));
    }

    #[test]
    fn shares_that_no_kernel_takes_are_refused() {
        let with = |cpu_shares| HostConfig {
            cpu_shares,
            ..HostConfig::default()
        };
        assert!(resources(&with(1)).unwrap_err().contains("minimum"));
        assert!(resources(&with(500_000)).unwrap_err().contains("maximum"));
        assert_eq!(resources(&with(512)).unwrap().cpu_shares, Some(512));
    }
}
