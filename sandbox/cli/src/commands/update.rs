//! `docker update`.

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::each::conclude;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment},
    error::CliError,
    flags::values::{bytes, cpus, integer, swap_bytes, uint16},
    options::limits,
    tty,
};

/// `docker update`.
#[derive(Debug, Args)]
pub struct Update {
    /// Share of disk time against other containers: 10 to 1000, 0 leaves it (default 0)
    #[arg(long, value_name = "uint16", value_parser = uint16)]
    blkio_weight: Option<u16>,
    /// Length of the window that --cpu-quota counts in, in microseconds
    #[arg(long, value_name = "int", value_parser = integer)]
    cpu_period: Option<i64>,
    /// CPU time that may be used in each window, in microseconds
    #[arg(long, value_name = "int", value_parser = integer)]
    cpu_quota: Option<i64>,
    /// Length of the window for real-time tasks, in microseconds
    #[arg(long, value_name = "int", value_parser = integer)]
    cpu_rt_period: Option<i64>,
    /// Time in each window for real-time tasks, in microseconds
    #[arg(long, value_name = "int", value_parser = integer)]
    cpu_rt_runtime: Option<i64>,
    /// Share of CPU time when containers compete; 1024 is usual
    #[arg(short, long, value_name = "int", value_parser = integer)]
    cpu_shares: Option<i64>,
    /// How many CPUs' worth of time may be used, such as 1.5
    #[arg(long, value_name = "decimal", value_parser = cpus)]
    cpus: Option<i64>,
    /// CPUs that it may run on, such as 0-3 or 0,1
    #[arg(long, value_name = "string")]
    cpuset_cpus: Option<String>,
    /// NUMA nodes that its memory may be on, such as 0-3 or 0,1
    #[arg(long, value_name = "string")]
    cpuset_mems: Option<String>,
    #[arg(long, hide = true, value_name = "bytes", value_parser = bytes)]
    kernel_memory: Option<i64>,
    /// Most memory that it may use, such as 64m
    #[arg(short, long, value_name = "bytes", value_parser = bytes)]
    memory: Option<i64>,
    /// Memory that it is held to when the host runs short
    #[arg(long, value_name = "bytes", value_parser = bytes)]
    memory_reservation: Option<i64>,
    /// Most memory and swap together; -1 for as much swap as there is
    #[arg(long, value_name = "bytes", value_parser = swap_bytes)]
    memory_swap: Option<i64>,
    /// Most processes at a time; -1 for any number
    #[arg(long, value_name = "int", value_parser = integer)]
    pids_limit: Option<i64>,
    /// What to do when it exits: no, on-failure[:N], always or unless-stopped
    #[arg(long, value_name = "string")]
    restart: Option<String>,
    arguments: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Answer {
    warnings: Option<Vec<String>>,
}

impl Command for Update {
    const WORDS: Words = Words {
        spellings: &["update", "container update"],
        about: "Update configuration of one or more containers",
        usage: "[OPTIONS] CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Containers,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        if !self.changes_something() {
            return Err(CliError::failed(
                "you must provide one or more flags when using this command",
            ));
        }
        let body = self.request().map_err(CliError::failed)?;
        let (mut warnings, mut failures) = (Vec::new(), Vec::new());
        for name in &self.arguments {
            let path = format!("/containers/{}/update", container_segment(name));
            match docker.post::<Option<Answer>>(&path, &body).await {
                Ok(answer) => {
                    tty::print(&format!("{name}\n"))?;
                    warnings.extend(answer.unwrap_or_default().warnings.unwrap_or_default());
                }
                Err(error) => failures.push(error.to_string()),
            }
        }
        if !warnings.is_empty() {
            tty::print(&format!("{}\n", warnings.join("\n")))?;
        }
        conclude(failures)
    }
}

impl Update {
    fn numbers(&self) -> [(&'static str, Option<i64>); 10] {
        [
            ("BlkioWeight", self.blkio_weight.map(i64::from)),
            ("CpuPeriod", self.cpu_period),
            ("CpuQuota", self.cpu_quota),
            ("CpuRealtimePeriod", self.cpu_rt_period),
            ("CpuRealtimeRuntime", self.cpu_rt_runtime),
            ("CpuShares", self.cpu_shares),
            ("NanoCpus", self.cpus),
            ("Memory", self.memory),
            ("MemoryReservation", self.memory_reservation),
            ("MemorySwap", self.memory_swap),
        ]
    }

    fn changes_something(&self) -> bool {
        self.numbers().iter().any(|(_, value)| value.is_some())
            || self.kernel_memory.is_some()
            || self.pids_limit.is_some()
            || self.cpuset_cpus.is_some()
            || self.cpuset_mems.is_some()
            || self.restart.is_some()
    }

    /// Zero, an empty text and `null` leave things as they are.
    fn request(&self) -> Result<Value, String> {
        let policy = limits::restart(self.restart.as_deref().unwrap_or_default())?;
        let mut body = json!({
            "CgroupParent": "",
            "BlkioWeightDevice": null,
            "BlkioDeviceReadBps": null,
            "BlkioDeviceWriteBps": null,
            "BlkioDeviceReadIOps": null,
            "BlkioDeviceWriteIOps": null,
            "CpusetCpus": self.cpuset_cpus.as_deref().unwrap_or_default(),
            "CpusetMems": self.cpuset_mems.as_deref().unwrap_or_default(),
            "Devices": null,
            "DeviceCgroupRules": null,
            "DeviceRequests": null,
            "MemorySwappiness": null,
            "OomKillDisable": null,
            "PidsLimit": self.pids_limit.filter(|limit| *limit != 0),
            "Ulimits": null,
            "CpuCount": 0,
            "CpuPercent": 0,
            "IOMaximumIOps": 0,
            "IOMaximumBandwidth": 0,
            "RestartPolicy": policy,
        });
        for (field, value) in self.numbers() {
            body[field] = json!(value.unwrap_or(0));
        }
        if let Some(bytes) = self.kernel_memory {
            body["KernelMemory"] = json!(bytes);
        }
        Ok(body)
    }
}
