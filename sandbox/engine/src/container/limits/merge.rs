//! What `docker update` makes of a container's `HostConfig`. Pure.

use crate::wire::HostConfig;

/// `current` with what is asked for; zero and empty mean "as it was". The error is Docker's reason, to be put after
/// "Cannot update container ID:".
pub(crate) fn merge(current: &HostConfig, asked: &HostConfig) -> Result<HostConfig, &'static str> {
    conflicts(current, asked)?;
    let mut new = current.clone();
    let number = |to: &mut i64, from: i64| {
        if from != 0 {
            *to = from;
        }
    };
    number(&mut new.memory, asked.memory);
    number(&mut new.memory_swap, asked.memory_swap);
    number(&mut new.memory_reservation, asked.memory_reservation);
    number(&mut new.cpu_shares, asked.cpu_shares);
    number(&mut new.nano_cpus, asked.nano_cpus);
    number(&mut new.cpu_period, asked.cpu_period);
    number(&mut new.cpu_quota, asked.cpu_quota);
    let text = |to: &mut String, from: &String| {
        if !from.is_empty() {
            to.clone_from(from);
        }
    };
    text(&mut new.cpuset_cpus, &asked.cpuset_cpus);
    text(&mut new.cpuset_mems, &asked.cpuset_mems);
    if let Some(limit) = asked.pids_limit {
        new.pids_limit = Some(limit.max(0));
    }
    if !asked.restart_policy.name.is_empty() {
        if current.auto_remove && asked.restart_policy.name != "no" {
            return Err(
                "Restart policy cannot be updated because AutoRemove is enabled for the container",
            );
        }
        new.restart_policy = asked.restart_policy.clone();
    }
    Ok(new)
}

fn conflicts(current: &HostConfig, asked: &HostConfig) -> Result<(), &'static str> {
    let clash = |is: bool, why| if is { Err(why) } else { Ok(()) };
    clash(
        asked.nano_cpus > 0 && current.cpu_period > 0,
        "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set",
    )?;
    clash(
        asked.nano_cpus > 0 && current.cpu_quota > 0,
        "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set",
    )?;
    clash(
        asked.cpu_period > 0 && current.nano_cpus > 0,
        "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set",
    )?;
    clash(
        asked.cpu_quota > 0 && current.nano_cpus > 0,
        "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set",
    )?;
    // -1, no limit, is smaller too: Docker asks to say both again.
    clash(
        asked.memory != 0 && asked.memory > current.memory_swap && asked.memory_swap == 0,
        "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wire::host_config::RestartPolicy;

    fn limited() -> HostConfig {
        HostConfig {
            memory: 10 << 20,
            memory_swap: 20 << 20,
            nano_cpus: 1_000_000_000,
            ..HostConfig::default()
        }
    }

    #[test]
    fn what_is_not_said_stays() {
        let asked = HostConfig {
            memory: 15 << 20,
            pids_limit: Some(-1),
            ..HostConfig::default()
        };
        let new = merge(&limited(), &asked).unwrap();
        assert_eq!((new.memory, new.memory_swap), (15 << 20, 20 << 20));
        assert_eq!((new.nano_cpus, new.pids_limit), (1_000_000_000, Some(0)));
    }

    #[test]
    fn what_clashes_with_what_is_set_is_refused() {
        let memory = HostConfig {
            memory: 30 << 20,
            ..HostConfig::default()
        };
        assert!(
            merge(&limited(), &memory)
                .unwrap_err()
                .contains("update the memoryswap")
        );
        let quota = HostConfig {
            cpu_quota: 50_000,
            ..HostConfig::default()
        };
        assert!(merge(&limited(), &quota).unwrap_err().contains("NanoCPUs"));
        let removed = HostConfig {
            auto_remove: true,
            ..HostConfig::default()
        };
        let always = HostConfig {
            restart_policy: RestartPolicy {
                name: "always".into(),
                maximum_retry_count: 0,
            },
            ..HostConfig::default()
        };
        assert!(merge(&removed, &always).unwrap_err().contains("AutoRemove"));
    }
}
