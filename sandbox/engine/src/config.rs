//! What the starter of a sandbox decides.

use std::{path::PathBuf, time::Duration};

use drydock_network::egress::INSIDE;
use drydock_runtime::{container::Network, launch::WorkstationSpec};

/// What the starter of a sandbox decides.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The host's image store, read-only.
    pub store: PathBuf,
    /// The sandbox's own, size-limited storage.
    pub data: PathBuf,
    /// References of the host's store that the learner sees from the start; `None` shows all of them.
    pub visible: Option<Vec<String>>,
    /// Whether there is a registry on the workstation.
    pub registry: bool,
    /// Whether the sandbox's network has a way out to the internet.
    pub egress: bool,
    /// The machine the learner's shells live on. `<data>/run/docker.sock` exists when it starts.
    pub workstation: WorkstationSpec,
    /// Without the server and without a terminal for so long, the sandbox ends itself.
    pub idle_limit: Duration,
    /// Bytes of one log file; two are kept for each container.
    pub log_bytes: u64,
    /// Containers at most, running or not.
    pub max_containers: usize,
    /// Bytes of memory that the sandbox may use, where that is limited; for `info` and the meter.
    pub memory_limit: Option<u64>,
    /// Processes that the sandbox may have, where that is limited.
    pub pids_limit: Option<u64>,
}

impl EngineConfig {
    /// Docker's own defaults, for a sandbox whose storage is at `data` and whose images are at `store`.
    #[must_use]
    pub fn new(store: PathBuf, data: PathBuf, workstation: WorkstationSpec) -> Self {
        Self {
            store,
            data,
            visible: None,
            registry: false,
            egress: false,
            workstation,
            idle_limit: Duration::from_secs(15 * 60),
            log_bytes: 1 << 20,
            max_containers: 100,
            memory_limit: None,
            pids_limit: None,
        }
    }

    /// Whom to ask for names on the sandbox's own network: lines for `resolv.conf`, none without a way out.
    #[must_use]
    pub fn name_servers(&self) -> String {
        match self.egress {
            true => format!("nameserver {}\n", INSIDE.dns),
            false => String::new(),
        }
    }

    /// Where a build's commands are that ask for no network of their own: with a way out they are on the sandbox's
    /// network, without one on none.
    pub(crate) fn run_network(&self) -> Network {
        match self.egress {
            true => Network::Host,
            false => Network::None,
        }
    }
}
