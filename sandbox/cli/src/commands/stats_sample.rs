//! What the engine measures of a container, and the numbers that `docker stats` makes of it.

use std::{collections::BTreeMap, time::Duration};

use drydock_api::client::Body;
use http::Method;
use serde::Deserialize;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    docker::{Docker, container_segment},
    error::CliError,
    progress::Messages,
    text::{
        list::{Row, text},
        quote::short_id,
        size,
    },
};

/// One measurement, as the API has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Stats {
    name: String,
    id: String,
    cpu_stats: Cpu,
    precpu_stats: Cpu,
    memory_stats: Memory,
    pids_stats: Pids,
    networks: Option<BTreeMap<String, Network>>,
    blkio_stats: Blkio,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cpu {
    cpu_usage: CpuUsage,
    system_cpu_usage: u64,
    online_cpus: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CpuUsage {
    total_usage: u64,
    percpu_usage: Option<Vec<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Memory {
    usage: u64,
    limit: u64,
    stats: Option<BTreeMap<String, u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pids {
    current: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Network {
    rx_bytes: u64,
    tx_bytes: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Blkio {
    io_service_bytes_recursive: Option<Vec<BlkioEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BlkioEntry {
    op: String,
    value: u64,
}

impl Stats {
    /// Of one CPU: two busy CPUs are 200.
    #[allow(clippy::cast_precision_loss)]
    fn cpu_percent(&self) -> f64 {
        let (now, before) = (&self.cpu_stats, &self.precpu_stats);
        let used = now.cpu_usage.total_usage as f64 - before.cpu_usage.total_usage as f64;
        let passed = now.system_cpu_usage as f64 - before.system_cpu_usage as f64;
        let cpus = match now.online_cpus {
            0 => now.cpu_usage.percpu_usage.as_ref().map_or(0, Vec::len) as f64,
            cpus => f64::from(cpus),
        };
        if used > 0.0 && passed > 0.0 {
            used / passed * cpus * 100.0
        } else {
            0.0
        }
    }

    /// Memory in use without the page cache that could go at once (control groups v1 and v2 name it differently).
    fn memory(&self) -> u64 {
        let usage = self.memory_stats.usage;
        let stats = self.memory_stats.stats.as_ref();
        let cache = ["total_inactive_file", "inactive_file"]
            .iter()
            .find_map(|name| stats?.get(*name))
            .copied();
        match cache {
            Some(cache) if cache < usage => usage - cache,
            _ => usage,
        }
    }

    /// Bytes read and written.
    fn block_io(&self) -> (u64, u64) {
        let entries = self.blkio_stats.io_service_bytes_recursive.iter().flatten();
        entries.fold((0, 0), |(read, written), entry| {
            match entry.op.bytes().next() {
                Some(b'r' | b'R') => (read + entry.value, written),
                Some(b'w' | b'W') => (read, written + entry.value),
                _ => (read, written),
            }
        })
    }

    fn network_io(&self) -> (u64, u64) {
        let networks = self.networks.iter().flatten();
        networks.fold((0, 0), |(rx, tx), (_, network)| {
            (rx + network.rx_bytes, tx + network.tx_bytes)
        })
    }
}

/// One line of the table.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    container: String,
    name: String,
    id: String,
    cpu: String,
    memory: String,
    memory_percent: String,
    network: String,
    block: String,
    pids: String,
}

impl Sample {
    /// The container that was asked for as `container`; without numbers there are dashes.
    #[must_use]
    pub fn of(container: &str, stats: Option<&Stats>) -> Self {
        let Some(stats) = stats else {
            let pair = || "-- / --".to_owned();
            return Self {
                container: container.into(),
                name: "--".into(),
                cpu: "--".into(),
                memory: pair(),
                memory_percent: "--".into(),
                network: pair(),
                block: pair(),
                pids: "--".into(),
                ..Self::default()
            };
        };
        let bytes = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let pair =
            |(a, b): (u64, u64)| format!("{} / {}", size::short(bytes(a)), size::short(bytes(b)));
        let (memory, limit) = (stats.memory(), stats.memory_stats.limit);
        #[allow(clippy::cast_precision_loss)]
        let percent = match limit {
            0 => 0.0,
            limit => memory as f64 / limit as f64 * 100.0,
        };
        Self {
            container: container.into(),
            name: stats.name.trim_start_matches('/').into(),
            id: stats.id.clone(),
            cpu: format!("{:.2}%", stats.cpu_percent()),
            memory: format!(
                "{} / {}",
                size::binary(bytes(memory)),
                size::binary(bytes(limit))
            ),
            memory_percent: format!("{percent:.2}%"),
            network: pair(stats.network_io()),
            block: pair(stats.block_io()),
            pids: stats.pids_stats.current.to_string(),
        }
    }

    /// The line as fields.
    #[must_use]
    pub fn row(&self, no_trunc: bool) -> Row {
        let id = if no_trunc {
            self.id.as_str()
        } else {
            short_id(&self.id)
        };
        vec![
            ("Container", text(self.container.as_str())),
            ("Name", text(self.name.as_str())),
            ("ID", text(id)),
            ("CPUPerc", text(self.cpu.as_str())),
            ("MemUsage", text(self.memory.as_str())),
            ("MemPerc", text(self.memory_percent.as_str())),
            ("NetIO", text(self.network.as_str())),
            ("BlockIO", text(self.block.as_str())),
            ("PIDs", text(self.pids.as_str())),
        ]
    }
}

/// A container whose measurements are followed; dropped, nobody follows it any more.
#[derive(Debug)]
pub struct Watched {
    /// As it was asked for.
    pub name: String,
    latest: watch::Receiver<Option<Sample>>,
    task: JoinHandle<Result<(), CliError>>,
}

impl Watched {
    /// Begins to follow.
    #[must_use]
    pub fn start(docker: &Docker, name: String) -> Self {
        let (sender, latest) = watch::channel(None);
        let (docker, container) = (docker.clone(), name.clone());
        let task = tokio::spawn(async move {
            let path = format!(
                "/containers/{}/stats?stream=1",
                container_segment(&container)
            );
            let response = docker.request(Method::GET, &path, Body::empty()).await?;
            let mut measurements: Messages<Stats> = Messages::new(response);
            while let Some(stats) = measurements.next().await? {
                sender.send_replace(Some(Sample::of(&container, Some(&stats))));
            }
            sender.send_replace(None);
            Ok(())
        });
        Self { name, latest, task }
    }

    /// Waits for the first measurement, or until it is clear that there is none.
    ///
    /// # Errors
    /// When the engine refuses.
    pub async fn wait_for_first(&mut self, patience: Duration) -> Result<(), CliError> {
        let seen = async {
            tokio::select! {
                biased;
                ended = &mut self.task => ended.unwrap_or_else(|panic| Err(CliError::failed(panic.to_string()))),
                _ = self.latest.wait_for(Option::is_some) => Ok(()),
            }
        };
        // Without numbers by then, dashes are shown.
        tokio::time::timeout(patience, seen).await.unwrap_or(Ok(()))
    }

    /// The latest line.
    #[must_use]
    pub fn latest(&self) -> Sample {
        let latest = self.latest.borrow().clone();
        latest.unwrap_or_else(|| Sample::of(&self.name, None))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_made_as_docker_makes_them() {
        let stats: Stats = serde_json::from_str(
            r#"{"name":"/box","id":"0123456789abcdef",
              "cpu_stats":{"cpu_usage":{"total_usage":150},"system_cpu_usage":1100,"online_cpus":2},
              "precpu_stats":{"cpu_usage":{"total_usage":100},"system_cpu_usage":1000},
              "memory_stats":{"usage":524288,"limit":1048576,"stats":{"inactive_file":262144}},
              "pids_stats":{"current":3},"networks":{"eth0":{"rx_bytes":1234,"tx_bytes":0}},
              "blkio_stats":{"io_service_bytes_recursive":[{"op":"read","value":5},{"op":"Write","value":7}]}}"#,
        )
        .unwrap();
        let shown: Vec<String> = Sample::of("box", Some(&stats))
            .row(false)
            .into_iter()
            .map(|(_, value)| value.to_string())
            .collect();
        assert_eq!(
            shown,
            [
                "box",
                "box",
                "0123456789ab",
                "100.00%",
                "256KiB / 1MiB",
                "25.00%",
                "1.23kB / 0B",
                "5B / 7B",
                "3"
            ]
        );
    }
}
