//! What one container may use, and the values that say so to the kernel. Pure.

use super::Version;

/// A limit that can be lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    /// So much.
    Of(u64),
    /// Whatever there is.
    Unlimited,
}

/// Processor time in each period; both in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// Of all processors together.
    pub quota: Option<Most>,
    /// The kernel's default is a tenth of a second.
    pub period: Option<u64>,
}

/// What one container may use; what is absent is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Bytes.
    pub memory: Option<u64>,
    /// Bytes of memory and swap together.
    pub memory_and_swap: Option<Most>,
    /// Bytes that it keeps when memory is short.
    pub reservation: Option<u64>,
    /// 0 to 100.
    pub swappiness: Option<u64>,
    /// To wait rather than to be killed when there is no more memory.
    pub oom_kill_disable: Option<bool>,
    /// Processor time.
    pub cpu: CpuTime,
    /// Weight against others, 2 to 262,144; 1,024 is everybody's.
    pub cpu_shares: Option<u64>,
    /// Processors, as `0-3,7`.
    pub cpus: Option<String>,
    /// Memory nodes, likewise.
    pub mems: Option<String>,
    /// Processes and threads.
    pub pids: Option<Most>,
}

/// One value for one file, in the order that the kernel takes them.
pub(super) type Value = (&'static str, String);

impl Resources {
    pub(super) fn values(&self, version: Version) -> Vec<Value> {
        let mut values = match version {
            Version::V1 => self.values_v1(),
            Version::V2 => self.values_v2(),
        };
        if let Some(cpus) = &self.cpus {
            values.push(("cpuset.cpus", cpus.clone()));
        }
        if let Some(mems) = &self.mems {
            values.push(("cpuset.mems", mems.clone()));
        }
        if let Some(pids) = self.pids {
            values.push(("pids.max", or_max(pids)));
        }
        values
    }

    fn values_v1(&self) -> Vec<Value> {
        let mut values = Vec::new();
        let signed = |most| match most {
            Most::Of(n) => n.to_string(),
            Most::Unlimited => "-1".into(),
        };
        if let Some(memory) = self.memory {
            values.push(("memory.limit_in_bytes", memory.to_string()));
        }
        if let Some(both) = self.memory_and_swap {
            values.push(("memory.memsw.limit_in_bytes", signed(both)));
        }
        if let Some(reservation) = self.reservation {
            values.push(("memory.soft_limit_in_bytes", reservation.to_string()));
        }
        if let Some(swappiness) = self.swappiness {
            values.push(("memory.swappiness", swappiness.to_string()));
        }
        if let Some(disable) = self.oom_kill_disable {
            values.push(("memory.oom_control", u8::from(disable).to_string()));
        }
        if let Some(period) = self.cpu.period {
            // No period may make more of the quota in force than there is above.
            values.push(("cpu.cfs_quota_us", "-1".into()));
            values.push(("cpu.cfs_period_us", period.to_string()));
        }
        if let Some(quota) = self.cpu.quota {
            values.push(("cpu.cfs_quota_us", signed(quota)));
        }
        if let Some(shares) = self.cpu_shares {
            values.push(("cpu.shares", shares.to_string()));
        }
        values
    }

    fn values_v2(&self) -> Vec<Value> {
        let mut values = Vec::new();
        if let Some(memory) = self.memory {
            values.push(("memory.max", memory.to_string()));
        }
        match (self.memory_and_swap, self.memory) {
            (Some(Most::Unlimited), _) => values.push(("memory.swap.max", "max".into())),
            // v2 counts swap alone.
            (Some(Most::Of(both)), Some(memory)) => {
                values.push(("memory.swap.max", both.saturating_sub(memory).to_string()));
            }
            (Some(Most::Of(_)) | None, _) => {}
        }
        if let Some(reservation) = self.reservation {
            values.push(("memory.low", reservation.to_string()));
        }
        match (self.cpu.quota, self.cpu.period) {
            (None, None) => {}
            (quota, None) => values.push(("cpu.max", or_max(quota.unwrap_or(Most::Unlimited)))),
            (quota, Some(period)) => {
                let quota = or_max(quota.unwrap_or(Most::Unlimited));
                values.push(("cpu.max", format!("{quota} {period}")));
            }
        }
        if let Some(shares) = self.cpu_shares {
            values.push(("cpu.weight", weight(shares).to_string()));
        }
        values
    }
}

fn or_max(most: Most) -> String {
    match most {
        Most::Of(n) => n.to_string(),
        Most::Unlimited => "max".into(),
    }
}

/// Shares of 2 to 262,144 as weights of 1 to 10,000, as the OCI runtimes convert them.
fn weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9_999 / 262_142
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Resources {
        Resources {
            memory: Some(64 << 20),
            memory_and_swap: Some(Most::Of(96 << 20)),
            cpu: CpuTime {
                quota: Some(Most::Of(50_000)),
                period: Some(100_000),
            },
            cpu_shares: Some(1024),
            cpus: Some("0".into()),
            pids: Some(Most::Unlimited),
            ..Resources::default()
        }
    }

    #[test]
    fn v1_has_a_file_for_each_and_memory_comes_before_swap() {
        let values = asked().values(Version::V1);
        assert_eq!(
            values
                .iter()
                .map(|(file, value)| format!("{file}={value}"))
                .collect::<Vec<_>>(),
            [
                "memory.limit_in_bytes=67108864",
                "memory.memsw.limit_in_bytes=100663296",
                "cpu.cfs_quota_us=-1",
                "cpu.cfs_period_us=100000",
                "cpu.cfs_quota_us=50000",
                "cpu.shares=1024",
                "cpuset.cpus=0",
                "pids.max=max",
            ]
        );
    }

    #[test]
    fn v2_counts_swap_alone_and_shares_as_weight() {
        let values = asked().values(Version::V2);
        assert_eq!(
            values
                .iter()
                .map(|(file, value)| format!("{file}={value}"))
                .collect::<Vec<_>>(),
            [
                "memory.max=67108864",
                "memory.swap.max=33554432",
                "cpu.max=50000 100000",
                "cpu.weight=39",
                "cpuset.cpus=0",
                "pids.max=max",
            ]
        );
        assert_eq!([weight(2), weight(262_144), weight(0)], [1, 10_000, 1]);
    }

    #[test]
    fn what_is_not_asked_for_is_not_written() {
        assert!(Resources::default().values(Version::V1).is_empty());
        assert!(Resources::default().values(Version::V2).is_empty());
    }
}
