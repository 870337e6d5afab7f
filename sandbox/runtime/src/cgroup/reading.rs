//! What a container uses and has used, as its groups count it.

use std::collections::BTreeMap;

use super::{ContainerGroup, Version, values};

/// One reading; a counter that the kernel does not have here is zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Nanoseconds of processor time.
    pub cpu: u64,
    /// Of each processor; v1 only.
    pub each_cpu: Vec<u64>,
    /// Nanoseconds in the kernel.
    pub kernel: u64,
    /// Nanoseconds outside it.
    pub user: u64,
    /// Periods in which processor time was limited.
    pub periods: u64,
    /// Those in which it ran out.
    pub throttled_periods: u64,
    /// Nanoseconds of waiting for the next period.
    pub throttled: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// The most there ever were; v1 only.
    pub memory_peak: u64,
    /// How often the limit was met; v1 only.
    pub memory_failures: u64,
    /// Bytes; none where there is no limit.
    pub memory_limit: Option<u64>,
    /// `memory.stat`, as it is.
    pub memory_details: BTreeMap<String, u64>,
    /// Processes and threads.
    pub pids: u64,
    /// None where there is no limit.
    pub pids_limit: Option<u64>,
    /// Transfers from and to disks; v2 only, where the host counts them.
    pub transferred: Vec<Transferred>,
}

/// Bytes from and to one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transferred {
    /// The device's numbers.
    pub device: (u64, u64),
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
}

/// `cpuacct.stat` counts in hundredths of a second: `USER_HZ`, a constant of the kernel's interface.
const TICK: u64 = 10_000_000;
/// On v1 no limit is a number close to 2^63.
const NO_LIMIT: u64 = 1 << 60;

impl ContainerGroup {
    /// Reads all counters. Some twenty system calls.
    #[must_use]
    pub fn read(&self) -> Reading {
        let mut reading = match self.version() {
            Version::V1 => self.read_v1(),
            Version::V2 => self.read_v2(),
        };
        reading.memory_details = self.fields("memory.stat");
        reading.pids = self.number("pids.current");
        reading.pids_limit = values::number(&self.dirs, "pids.max");
        reading
    }

    fn read_v1(&self) -> Reading {
        let times = self.fields("cpuacct.stat");
        let throttling = self.fields("cpu.stat");
        let of = |fields: &BTreeMap<String, u64>, key| fields.get(key).copied().unwrap_or(0);
        let each = values::read(&self.dirs, "cpuacct.usage_percpu").unwrap_or_default();
        Reading {
            cpu: self.number("cpuacct.usage"),
            each_cpu: each
                .split_ascii_whitespace()
                .filter_map(|number| number.parse().ok())
                .collect(),
            kernel: of(&times, "system") * TICK,
            user: of(&times, "user") * TICK,
            periods: of(&throttling, "nr_periods"),
            throttled_periods: of(&throttling, "nr_throttled"),
            throttled: of(&throttling, "throttled_time"),
            memory: self.number("memory.usage_in_bytes"),
            memory_peak: self.number("memory.max_usage_in_bytes"),
            memory_failures: self.number("memory.failcnt"),
            memory_limit: values::number(&self.dirs, "memory.limit_in_bytes")
                .filter(|limit| *limit < NO_LIMIT),
            ..Reading::default()
        }
    }

    fn read_v2(&self) -> Reading {
        let cpu = self.fields("cpu.stat");
        let micro = |key| cpu.get(key).copied().unwrap_or(0) * 1_000;
        let count = |key| cpu.get(key).copied().unwrap_or(0);
        Reading {
            cpu: micro("usage_usec"),
            kernel: micro("system_usec"),
            user: micro("user_usec"),
            periods: count("nr_periods"),
            throttled_periods: count("nr_throttled"),
            throttled: micro("throttled_usec"),
            memory: self.number("memory.current"),
            memory_limit: values::number(&self.dirs, "memory.max"),
            transferred: transfers(&values::read(&self.dirs, "io.stat").unwrap_or_default()),
            ..Reading::default()
        }
    }

    fn number(&self, file: &str) -> u64 {
        values::number(&self.dirs, file).unwrap_or(0)
    }

    fn fields(&self, file: &str) -> BTreeMap<String, u64> {
        let text = values::read(&self.dirs, file).unwrap_or_default();
        values::fields(&text)
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}

/// Lines such as `8:0 rbytes=90112 wbytes=0 rios=22 wios=0 dbytes=0 dios=0`.
fn transfers(text: &str) -> Vec<Transferred> {
    let line = |line: &str| {
        let (device, counts) = line.split_once(' ')?;
        let (major, minor) = device.split_once(':')?;
        let count = |key: &str| {
            let mut counts = counts.split_ascii_whitespace();
            let found = counts.find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
            found.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        Some(Transferred {
            device: (major.parse().ok()?, minor.parse().ok()?),
            read: count("rbytes"),
            written: count("wbytes"),
        })
    };
    text.lines().filter_map(line).collect()
}
