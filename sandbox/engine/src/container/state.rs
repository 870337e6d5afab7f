//! Where a container is in its life.

use std::{sync::Arc, time::Duration};

use drydock_runtime::cgroup::ContainerGroup;
use drydock_spec::ContainerState;
use jiff::Timestamp;

use super::health::{Health, HealthStatus};
use crate::{clock, network::Seat, process::Process, wire::container::StateInfo};

/// Where a container is in its life.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub status: ContainerState,
    /// Of the last run.
    pub exit_code: i32,
    /// Why the last start failed.
    pub error: String,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Its first process, while it runs.
    pub process: Option<Process>,
    /// Its control groups, while it runs.
    pub group: Option<Arc<ContainerGroup>>,
    /// The kernel killed one of its processes for want of memory, in the last run.
    pub oom_killed: bool,
    /// Its place on the network, while it runs.
    pub seat: Option<Seat>,
    /// How many runs have ended: `wait` for the next end counts on it.
    pub ends: u64,
    /// Restarts by its policy, since somebody has started it.
    pub restarts: u64,
    /// How long it waited before the last of them.
    pub backoff: Duration,
    /// Where it has checks: what they have shown.
    pub health: Option<Arc<Health>>,
    /// Somebody asked it to end: its restart policy rests.
    pub asked_to_end: bool,
    /// Gone from the registry.
    pub removed: bool,
}

impl State {
    pub(crate) fn created() -> Self {
        Self {
            status: ContainerState::Created,
            exit_code: 0,
            error: String::new(),
            started_at: None,
            finished_at: None,
            process: None,
            group: None,
            oom_killed: false,
            seat: None,
            ends: 0,
            restarts: 0,
            backoff: Duration::ZERO,
            health: None,
            asked_to_end: false,
            removed: false,
        }
    }

    /// Its first process lives.
    pub(crate) fn is_running(&self) -> bool {
        matches!(
            self.status,
            ContainerState::Running | ContainerState::Paused
        )
    }

    /// `State` of `inspect`.
    pub(crate) fn info(&self) -> StateInfo {
        let restarting = self.status == ContainerState::Restarting;
        StateInfo {
            status: self.status.as_str(),
            running: self.is_running() || restarting,
            paused: self.status == ContainerState::Paused,
            restarting,
            oom_killed: self.oom_killed,
            dead: self.status == ContainerState::Dead,
            pid: self.process.as_ref().map_or(0, Process::visible_pid),
            exit_code: self.exit_code,
            error: self.error.clone(),
            started_at: clock::rfc3339_or_never(self.started_at),
            finished_at: clock::rfc3339_or_never(self.finished_at),
            health: self.health.as_ref().map(|health| health.info()),
        }
    }

    /// `State.Health.Status`, `none` without checks: the `health` filter of `docker ps`.
    pub(crate) fn health_word(&self) -> &'static str {
        self.health
            .as_ref()
            .map_or("none", |health| health.status().as_str())
    }

    /// The `STATUS` of `docker ps`.
    pub(crate) fn sentence(&self) -> String {
        let ago = |time: Option<Timestamp>| {
            drydock_spec::units::rough(time.map_or(0, clock::seconds_since))
        };
        match self.status {
            ContainerState::Running => {
                let health = match self.health.as_ref().map(|health| health.status()) {
                    None => String::new(),
                    Some(HealthStatus::Starting) => " (health: starting)".into(),
                    Some(status) => format!(" ({})", status.as_str()),
                };
                format!("Up {}{health}", ago(self.started_at))
            }
            ContainerState::Paused => format!("Up {} (Paused)", ago(self.started_at)),
            ContainerState::Restarting => {
                format!(
                    "Restarting ({}) {} ago",
                    self.exit_code,
                    ago(self.finished_at)
                )
            }
            ContainerState::Exited => {
                format!("Exited ({}) {} ago", self.exit_code, ago(self.finished_at))
            }
            ContainerState::Created => "Created".into(),
            ContainerState::Removing => "Removal In Progress".into(),
            ContainerState::Dead => "Dead".into(),
        }
    }
}
