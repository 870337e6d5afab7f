//! What a container uses: one reading as a frame of `docker stats`.

use std::{collections::BTreeMap, fs};

use drydock_runtime::cgroup::{Reading, Version};
use jiff::Timestamp;

use super::Container;
use crate::{
    Engine, clock,
    network::Mode,
    wire::stats::{
        BlkioEntry, BlkioStats, CpuStats, CpuUsage, MemoryStats, NetworkStats, PidsStats, Stats,
        ThrottlingData,
    },
};

/// A container's frame now; an empty one when it does not run.
pub(crate) fn sample(engine: &Engine, container: &Container) -> Stats {
    let mut frame = empty(container);
    let state = container.state();
    let (Some(group), Some(process)) = (&state.group, &state.process) else {
        return frame;
    };
    let groups = engine.launcher.groups();
    if !groups.is_none() {
        let reading = group.read();
        let most = engine.config.memory_limit.unwrap_or(u64::MAX);
        frame.pids_stats = PidsStats {
            current: reading.pids,
            limit: reading.pids_limit.unwrap_or(0),
        };
        frame.blkio_stats = blkio(groups.version(), &reading);
        frame.memory_stats = memory(groups.version(), &reading, most);
        frame.cpu_stats = cpu(reading);
    }
    if Mode::parse(&container.host.network_mode) == Some(Mode::Bridge) {
        // By its number: the process may have ended, and then there is nothing to read.
        let text = fs::read_to_string(format!("/proc/{}/net/dev", process.pid()));
        frame.networks = networks(&text.unwrap_or_default());
    }
    frame.read = clock::rfc3339(Timestamp::now());
    frame
}

fn empty(container: &Container) -> Stats {
    Stats {
        read: clock::rfc3339_or_never(None),
        preread: clock::rfc3339_or_never(None),
        pids_stats: PidsStats::default(),
        blkio_stats: BlkioStats::default(),
        num_procs: 0,
        storage_stats: BTreeMap::new(),
        cpu_stats: CpuStats::default(),
        precpu_stats: CpuStats::default(),
        memory_stats: MemoryStats::default(),
        name: format!("/{}", container.name()),
        id: container.id.to_string(),
        networks: BTreeMap::new(),
    }
}

/// Puts into a frame what the frame before it had.
pub(crate) fn follow(frame: &mut Stats, before: &Stats) {
    frame.preread.clone_from(&before.read);
    frame.precpu_stats = before.cpu_stats.clone();
}

fn cpu(reading: Reading) -> CpuStats {
    CpuStats {
        cpu_usage: CpuUsage {
            total_usage: reading.cpu,
            percpu_usage: reading.each_cpu,
            usage_in_kernelmode: reading.kernel,
            usage_in_usermode: reading.user,
        },
        system_cpu_usage: system_time(&fs::read_to_string("/proc/stat").unwrap_or_default()),
        online_cpus: std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
        throttling_data: ThrottlingData {
            periods: reading.periods,
            throttled_periods: reading.throttled_periods,
            throttled_time: reading.throttled,
        },
    }
}

/// Nanoseconds that all processors have spent on anything, guests apart; proc_stat(5).
fn system_time(stat: &str) -> u64 {
    const TICK: u64 = 10_000_000;
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "));
    let fields = line.unwrap_or_default().split_ascii_whitespace().take(7);
    fields
        .filter_map(|field| field.parse::<u64>().ok())
        .sum::<u64>()
        * TICK
}

/// What Docker shows of `memory.stat` on v1; each also with `total_` before it.
const DETAILS_V1: &[&str] = &[
    "active_anon",
    "active_file",
    "cache",
    "dirty",
    "inactive_anon",
    "inactive_file",
    "mapped_file",
    "pgfault",
    "pgmajfault",
    "pgpgin",
    "pgpgout",
    "rss",
    "rss_huge",
    "unevictable",
    "writeback",
];

/// And on v2.
const DETAILS_V2: &[&str] = &[
    "active_anon",
    "active_file",
    "anon",
    "anon_thp",
    "file",
    "file_dirty",
    "file_mapped",
    "file_writeback",
    "inactive_anon",
    "inactive_file",
    "kernel_stack",
    "pgactivate",
    "pgdeactivate",
    "pgfault",
    "pglazyfree",
    "pglazyfreed",
    "pgmajfault",
    "pgrefill",
    "pgscan",
    "pgsteal",
    "shmem",
    "slab",
    "slab_reclaimable",
    "slab_unreclaimable",
    "sock",
    "thp_collapse_alloc",
    "thp_fault_alloc",
    "unevictable",
    "workingset_activate",
    "workingset_nodereclaim",
    "workingset_refault",
];

/// `most` is what the sandbox has: a container without a limit of its own cannot use more.
fn memory(version: Version, reading: &Reading, most: u64) -> MemoryStats {
    let shown = |key: &str| match version {
        Version::V1 => {
            key.starts_with("hierarchical_mem")
                || DETAILS_V1.contains(&key.strip_prefix("total_").unwrap_or(key))
        }
        Version::V2 => DETAILS_V2.contains(&key),
    };
    let details = reading.memory_details.iter();
    MemoryStats {
        usage: reading.memory,
        max_usage: reading.memory_peak,
        stats: details
            .filter(|(key, _)| shown(key))
            .map(|(key, value)| (key.clone(), *value))
            .collect(),
        failcnt: reading.memory_failures,
        limit: reading.memory_limit.unwrap_or(most).min(most),
    }
}

fn blkio(version: Version, reading: &Reading) -> BlkioStats {
    if version == Version::V1 {
        return BlkioStats::empty();
    }
    let entries = reading.transferred.iter().flat_map(|bytes| {
        let (major, minor) = bytes.device;
        [("read", bytes.read), ("write", bytes.written)].map(|(op, value)| BlkioEntry {
            major,
            minor,
            op,
            value,
        })
    });
    let entries: Vec<_> = entries.collect();
    BlkioStats {
        io_service_bytes_recursive: (!entries.is_empty()).then_some(entries),
        ..BlkioStats::default()
    }
}

/// The interfaces of a container's network namespace but for the loopback; proc_pid_net(5), `dev`.
fn networks(text: &str) -> BTreeMap<String, NetworkStats> {
    let line = |line: &str| {
        let (name, counters) = line.split_once(':')?;
        let counters: Vec<u64> = counters
            .split_ascii_whitespace()
            .map(|field| field.parse().unwrap_or(0))
            .collect();
        let at = |index: usize| counters.get(index).copied().unwrap_or(0);
        let stats = NetworkStats {
            rx_bytes: at(0),
            rx_packets: at(1),
            rx_errors: at(2),
            rx_dropped: at(3),
            tx_bytes: at(8),
            tx_packets: at(9),
            tx_errors: at(10),
            tx_dropped: at(11),
        };
        Some((name.trim().to_owned(), stats))
    };
    let all = text.lines().skip(2).filter_map(line);
    all.filter(|(name, _)| name != "lo").collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn all_interfaces_but_the_loopback_are_counted() {
        let text = "Inter-|   Receive  |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n\
                    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 486 5 1 2 0 0 0 0 90 3 4 6 0 0 0 0\n";
        let found = networks(text);
        let eth0 = found.get("eth0").unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (
                eth0.rx_bytes,
                eth0.rx_packets,
                eth0.rx_errors,
                eth0.rx_dropped
            ),
            (486, 5, 1, 2)
        );
        assert_eq!(
            (
                eth0.tx_bytes,
                eth0.tx_packets,
                eth0.tx_errors,
                eth0.tx_dropped
            ),
            (90, 3, 4, 6)
        );
    }

    #[test]
    fn guests_are_not_counted_twice() {
        assert_eq!(
            system_time("cpu  1 2 3 4 5 6 7 8 900 1000\ncpu0 1\n"),
            28 * 10_000_000
        );
    }

    #[test]
    fn memory_is_shown_as_docker_shows_it_on_each_version() {
        let details = [
            ("rss", 1),
            ("total_rss", 2),
            ("shmem", 3),
            ("hierarchical_memory_limit", 9),
            ("anon", 4),
        ];
        let reading = Reading {
            memory: 10,
            memory_details: details.map(|(k, v)| (k.to_owned(), v)).into(),
            ..Reading::default()
        };
        let v1 = memory(Version::V1, &reading, 100);
        assert_eq!(v1.limit, 100);
        assert_eq!(v1.stats.len(), 3);
        let v2 = memory(Version::V2, &reading, 100);
        assert_eq!(v2.stats.keys().collect::<Vec<_>>(), ["anon", "shmem"]);
    }

    #[test]
    fn a_frame_of_v2_leaves_out_what_docker_leaves_out() {
        let reading = Reading {
            cpu: 5,
            ..Reading::default()
        };
        let text = serde_json::to_string(&cpu(reading)).unwrap();
        assert!(!text.contains("percpu_usage"), "{text}");
        let io = serde_json::to_string(&blkio(Version::V2, &Reading::default())).unwrap();
        assert!(
            io.starts_with(r#"{"io_service_bytes_recursive":null"#),
            "{io}"
        );
    }
}
