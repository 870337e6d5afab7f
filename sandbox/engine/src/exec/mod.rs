//! Processes added to a running container, or to the workstation.
//!
//! - [`registry`]: all of them, by id. [`launch`]: start and end. [`session`]: a client on its streams.

pub(crate) mod launch;
pub(crate) mod registry;
pub(crate) mod session;

use std::{sync::Arc, time::Duration};

use drydock_spec::ContainerId;
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::timeout};

use crate::{container::Container, process::Process};

pub(crate) use registry::Execs;

/// How long a process may take to start before it has no size; Docker's own patience.
const STARTING: Duration = Duration::from_secs(10);

/// The body of `POST /containers/{id}/exec`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ExecRequest {
    pub attach_stdin: bool,
    pub attach_stdout: bool,
    pub attach_stderr: bool,
    pub detach_keys: String,
    pub tty: bool,
    pub console_size: [u16; 2],
    pub env: Vec<String>,
    pub cmd: Vec<String>,
    pub privileged: bool,
    pub user: String,
    pub working_dir: String,
}

/// Where the process is added.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Container(Arc<Container>),
    Workstation,
}

impl Target {
    fn id(&self) -> String {
        match self {
            Self::Container(container) => container.id.to_string(),
            Self::Workstation => "workstation".into(),
        }
    }
}

/// One exec.
#[derive(Debug)]
pub(crate) struct Exec {
    pub id: ContainerId,
    pub target: Target,
    pub request: ExecRequest,
    state: watch::Sender<ExecState>,
}

/// Where it is in its life.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExecState {
    /// Somebody has started it; it cannot be started again.
    started: bool,
    pub process: Option<Process>,
    pub exit_code: Option<i32>,
    pid: i32,
}

impl Exec {
    /// Where it is now.
    pub(crate) fn state(&self) -> ExecState {
        self.state.borrow().clone()
    }

    /// Waits for its recorded end.
    pub(crate) async fn ended(&self) {
        let _ = self
            .state
            .subscribe()
            .wait_for(|state| state.exit_code.is_some())
            .await;
    }

    /// Its process; waits for one that is being started, as clients ask for a size as soon as they are answered.
    pub(crate) async fn process(&self) -> Option<Process> {
        let mut state = self.state.subscribe();
        let begun = |state: &ExecState| {
            !state.started || state.process.is_some() || state.exit_code.is_some()
        };
        let begun = state.wait_for(begun);
        timeout(STARTING, begun).await.ok()?.ok()?.process.clone()
    }

    /// `GET /exec/{id}/json`.
    pub(crate) fn info(&self) -> ExecInfo {
        let state = self.state();
        let mut words = self.request.cmd.iter().cloned();
        ExecInfo {
            id: self.id.to_string(),
            running: state.process.is_some(),
            exit_code: state.exit_code,
            process_config: ProcessConfig {
                tty: self.request.tty,
                entrypoint: words.next().unwrap_or_default(),
                arguments: words.collect(),
                privileged: self.request.privileged,
                user: self.request.user.clone(),
            },
            open_stdin: self.request.attach_stdin,
            open_stderr: self.request.attach_stderr,
            open_stdout: self.request.attach_stdout,
            can_remove: false,
            container_id: self.target.id(),
            detach_keys: self.request.detach_keys.clone(),
            pid: state.pid,
        }
    }
}

/// An exec on the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ExecInfo {
    #[serde(rename = "ID")]
    id: String,
    running: bool,
    exit_code: Option<i32>,
    process_config: ProcessConfig,
    open_stdin: bool,
    open_stderr: bool,
    open_stdout: bool,
    can_remove: bool,
    #[serde(rename = "ContainerID")]
    container_id: String,
    detach_keys: String,
    pid: i32,
}

#[derive(Debug, Serialize)]
struct ProcessConfig {
    tty: bool,
    entrypoint: String,
    arguments: Vec<String>,
    privileged: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    user: String,
}
