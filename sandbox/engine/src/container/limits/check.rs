//! Docker's rules for limits, in its order and its words (`verifyPlatformContainerResources` of its daemon).

use drydock_runtime::{cgroup::Abilities, process::is_rlimit};

use super::cpuset;
use crate::{Engine, error::EngineError, wire::HostConfig};

/// Docker's least memory: a container's first process needs some to start.
const LEAST_MEMORY: i64 = 6 << 20;

/// What there is to limit containers by.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// What the groups can do; nothing where the sandbox was given none.
    pub able: Option<Abilities>,
    /// Processors.
    pub cpus: u32,
    /// Processors and memory nodes that may be chosen from.
    pub available: (String, String),
}

impl Host {
    pub(crate) fn of(engine: &Engine) -> Self {
        let groups = engine.launcher.groups();
        Self {
            able: (!groups.is_none()).then(|| groups.abilities()),
            cpus: std::thread::available_parallelism()
                .map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
            available: groups.available(),
        }
    }
}

/// Checks what is asked for, takes out what has no effect here, and answers with what should be said about that.
pub(crate) fn check(
    asked: &mut HostConfig,
    there: &Host,
    update: bool,
) -> Result<Vec<String>, EngineError> {
    let mut warnings = Vec::new();
    if asked.memory_swappiness == Some(-1) {
        asked.memory_swappiness = None;
    }
    ulimits(asked)?;
    let Some(able) = there.able else {
        without_groups(asked)?;
        return Ok(warnings);
    };
    memory(asked, able, update, &mut warnings)?;
    if asked.pids_limit.is_some_and(|limit| limit > 0) && !able.pids {
        discard(
            &mut warnings,
            "PIDs limit capabilities",
            "PIDs limit discarded.",
        );
        asked.pids_limit = None;
    }
    processors(asked, able, there.cpus, &mut warnings)?;
    cpusets(asked, able, there, &mut warnings)?;
    Ok(warnings)
}

/// What Docker looks at no sooner than when the container is started.
pub(crate) fn check_at_start(asked: &HostConfig) -> Result<(), EngineError> {
    if asked.cpu_shares < 0 {
        return Err(EngineError::Failed("shares: invalid argument".into()));
    }
    Ok(())
}

/// A runtime's words; Docker's own client says it before.
fn ulimits(asked: &HostConfig) -> Result<(), EngineError> {
    let mut names = asked.ulimits.iter().flatten().map(|ulimit| &ulimit.name);
    match names.find(|name| !is_rlimit(name)) {
        Some(odd) => invalid(format!("wrong rlimit value: RLIMIT_{}", odd.to_uppercase())),
        None => Ok(()),
    }
}

fn discard(warnings: &mut Vec<String>, what: &str, then: &str) {
    warnings.push(format!(
        "Your kernel does not support {what} or the cgroup is not mounted. {then}"
    ));
}

fn invalid<T>(text: impl Into<String>) -> Result<T, EngineError> {
    Err(EngineError::Invalid(text.into()))
}

/// Without groups, what is asked for would silently not happen.
fn without_groups(asked: &HostConfig) -> Result<(), EngineError> {
    let flags = [
        (asked.memory != 0, "limit memory (-m, --memory)"),
        (asked.memory_swap > 0, "limit swap (--memory-swap)"),
        (
            asked.memory_reservation != 0,
            "reserve memory (--memory-reservation)",
        ),
        (
            asked.memory_swappiness.is_some(),
            "tune swapping (--memory-swappiness)",
        ),
        (
            asked.oom_kill_disable == Some(true),
            "keep processes when memory is short (--oom-kill-disable)",
        ),
        (asked.nano_cpus != 0, "limit processors (--cpus)"),
        (
            asked.cpu_quota != 0 || asked.cpu_period != 0,
            "limit processor time (--cpu-quota, --cpu-period)",
        ),
        (asked.cpu_shares != 0, "weigh processor time (--cpu-shares)"),
        (
            !asked.cpuset_cpus.is_empty() || !asked.cpuset_mems.is_empty(),
            "choose processors (--cpuset-cpus, --cpuset-mems)",
        ),
        (
            asked.pids_limit.is_some_and(|limit| limit > 0),
            "limit processes (--pids-limit)",
        ),
    ];
    match flags.into_iter().find(|(is_asked, _)| *is_asked) {
        Some((_, what)) => Err(EngineError::without_groups(what)),
        None => Ok(()),
    }
}

fn memory(
    asked: &mut HostConfig,
    able: Abilities,
    update: bool,
    warnings: &mut Vec<String>,
) -> Result<(), EngineError> {
    if asked.memory != 0 && asked.memory < LEAST_MEMORY {
        return invalid("Minimum memory limit allowed is 6MB");
    }
    if asked.memory > 0 && !able.memory {
        discard(
            warnings,
            "memory limit capabilities",
            "Limitation discarded.",
        );
        (asked.memory, asked.memory_swap) = (0, -1);
    }
    if asked.memory > 0 && asked.memory_swap != -1 && !able.swap {
        discard(
            warnings,
            "swap limit capabilities",
            "Memory limited without swap.",
        );
        asked.memory_swap = -1;
    }
    if asked.memory > 0 && asked.memory_swap > 0 && asked.memory_swap < asked.memory {
        return invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
    }
    if asked.memory == 0 && asked.memory_swap > 0 && !update {
        return invalid(
            "You should always set the Memory limit when using Memoryswap limit, see usage",
        );
    }
    if asked.memory_swappiness.is_some() && !able.swappiness {
        discard(
            warnings,
            "memory swappiness capabilities",
            "Memory swappiness discarded.",
        );
        asked.memory_swappiness = None;
    }
    if let Some(odd) = asked.memory_swappiness.filter(|n| !(0..=100).contains(n)) {
        return invalid(format!(
            "Invalid value: {odd}, valid memory swappiness range is 0-100"
        ));
    }
    if asked.memory_reservation > 0 && !able.memory {
        discard(
            warnings,
            "memory soft limit capabilities",
            "Limitation discarded.",
        );
        asked.memory_reservation = 0;
    }
    if asked.memory_reservation != 0 && asked.memory_reservation < LEAST_MEMORY {
        return invalid("Minimum memory reservation allowed is 6MB");
    }
    if asked.memory > 0 && asked.memory < asked.memory_reservation {
        return invalid(
            "Minimum memory limit can not be less than memory reservation limit, see usage",
        );
    }
    if asked.oom_kill_disable == Some(true) {
        if !able.oom_kill_disable {
            warnings.push(
                "Your kernel does not support OomKillDisable. OomKillDisable discarded.".into(),
            );
            asked.oom_kill_disable = None;
        } else if asked.memory == 0 {
            warnings.push(
                "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources."
                    .into(),
            );
        }
    }
    Ok(())
}

fn processors(
    asked: &mut HostConfig,
    able: Abilities,
    cpus: u32,
    warnings: &mut Vec<String>,
) -> Result<(), EngineError> {
    if asked.nano_cpus > 0 && asked.cpu_period > 0 {
        return invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
    }
    if asked.nano_cpus > 0 && asked.cpu_quota > 0 {
        return invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
    }
    if asked.nano_cpus > 0 && !able.cpu {
        return invalid(
            "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
        );
    }
    if asked.nano_cpus < 0 || asked.nano_cpus > i64::from(cpus) * 1_000_000_000 {
        return invalid(format!(
            "Range of CPUs is from 0.01 to {cpus}.00, as there are only {cpus} CPUs available"
        ));
    }
    if asked.cpu_shares > 0 && !able.cpu {
        discard(warnings, "CPU shares", "Shares discarded.");
        asked.cpu_shares = 0;
    }
    if (asked.cpu_period != 0 || asked.cpu_quota != 0) && !able.cpu {
        discard(warnings, "CPU CFS scheduler", "Period and quota discarded.");
        (asked.cpu_period, asked.cpu_quota) = (0, 0);
    }
    if asked.cpu_period != 0 && !(1_000..=1_000_000).contains(&asked.cpu_period) {
        return invalid(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
        );
    }
    if asked.cpu_quota > 0 && asked.cpu_quota < 1_000 {
        return invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
    }
    Ok(())
}

fn cpusets(
    asked: &mut HostConfig,
    able: Abilities,
    there: &Host,
    warnings: &mut Vec<String>,
) -> Result<(), EngineError> {
    let is_asked = !asked.cpuset_cpus.is_empty() || !asked.cpuset_mems.is_empty();
    if is_asked && !able.cpuset {
        discard(warnings, "cpuset", "Cpuset discarded.");
        asked.cpuset_cpus.clear();
        asked.cpuset_mems.clear();
    }
    let lists = [
        (&asked.cpuset_cpus, &there.available.0, "cpus", "CPUs"),
        (
            &asked.cpuset_mems,
            &there.available.1,
            "mems",
            "memory nodes",
        ),
    ];
    for (list, available, field, noun) in lists {
        match cpuset::is_available(list, available) {
            Ok(true) => {}
            Ok(false) => {
                return invalid(format!(
                    "Requested {noun} are not available - requested {list}, available: {available}"
                ));
            }
            Err(why) => return invalid(format!("Invalid value {list} for cpuset {field}: {why}")),
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ALL: Abilities = Abilities {
        memory: true,
        swap: true,
        swappiness: true,
        oom_kill_disable: true,
        cpu: true,
        cpuset: true,
        pids: true,
        freezer: true,
    };

    fn there(able: Option<Abilities>) -> Host {
        Host {
            able,
            cpus: 2,
            available: ("0-1".into(), "0".into()),
        }
    }

    fn said(change: impl FnOnce(&mut HostConfig)) -> String {
        let mut asked = HostConfig::default();
        change(&mut asked);
        check(&mut asked, &there(Some(ALL)), false)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn mistakes_are_refused_in_dockers_words() {
        assert_eq!(
            said(|h| h.memory = 5 << 20),
            "Minimum memory limit allowed is 6MB"
        );
        assert!(
            said(|h| (h.memory, h.memory_swap) = (10 << 20, 5 << 20))
                .starts_with("Minimum memoryswap")
        );
        assert!(said(|h| h.memory_swap = 20 << 20).starts_with("You should always set the Memory"));
        assert_eq!(
            said(|h| h.nano_cpus = 3_000_000_000),
            "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"
        );
        assert_eq!(
            said(|h| (h.nano_cpus, h.cpu_quota) = (1, 50_000)),
            "Conflicting options: Nano CPUs and CPU Quota cannot both be set"
        );
        assert_eq!(
            said(|h| h.cpuset_cpus = "5".into()),
            "Requested CPUs are not available - requested 5, available: 0-1"
        );
        assert_eq!(
            said(|h| h.cpuset_mems = "xx".into()),
            "Invalid value xx for cpuset mems: invalid format: xx"
        );
    }

    #[test]
    fn what_this_kernel_cannot_is_discarded_with_a_warning() {
        let able = Abilities {
            swap: false,
            oom_kill_disable: false,
            ..ALL
        };
        let mut asked = HostConfig {
            memory: 10 << 20,
            oom_kill_disable: Some(true),
            ..HostConfig::default()
        };
        let warnings = check(&mut asked, &there(Some(able)), false).unwrap();
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].ends_with("Memory limited without swap."));
        assert_eq!((asked.memory_swap, asked.oom_kill_disable), (-1, None));
    }

    #[test]
    fn without_groups_a_limit_is_refused_by_name_and_none_is_fine() {
        let none = there(None);
        assert!(check(&mut HostConfig::default(), &none, false).is_ok());
        let mut asked = HostConfig {
            pids_limit: Some(5),
            ..HostConfig::default()
        };
        let said = check(&mut asked, &none, false).unwrap_err().to_string();
        assert!(
            said.contains("--pids-limit") && said.contains("control groups"),
            "{said}"
        );
    }
}
