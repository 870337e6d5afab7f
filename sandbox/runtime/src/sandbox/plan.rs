//! What crosses between the server, the builder of a sandbox, and its engine.

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::IdRange;
use crate::cgroup::{Group, Limits};

/// The engine finds its control door, a listening Unix socket, here.
pub const CONTROL_FD: i32 = 3;
/// The directories of the learner's cgroups begin here.
pub const FIRST_CGROUP_FD: i32 = 4;

/// Paths inside a sandbox, as its engine sees them.
#[derive(Debug, Clone, Copy)]
pub struct Layout;

impl Layout {
    /// The host's image store, read-only.
    pub const STORE: &str = "/store";
    /// The sandbox's own storage, limited in bytes and inodes.
    pub const DATA: &str = "/data";
    /// This program, read-only.
    pub const EXE: &str = "/exe";
}

/// One sandbox to build. Beside the message: the listening control socket, the listening Docker socket if
/// the settings say that there is one, then the locks that say that the sandbox is alive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SandboxPlan {
    /// The sandbox's host name.
    pub hostname: String,
    /// The image store on the host.
    pub store: PathBuf,
    /// The program to run inside.
    pub exe: PathBuf,
    /// An empty directory on the host, to build the root on.
    pub mount_point: PathBuf,
    /// Its user and group ids.
    pub ids: IdRange,
    /// Whether the store's owners are shifted into `ids` (the server is root), or are so already.
    pub id_mapped: bool,
    /// What it may use.
    pub limits: Limits,
    /// Where that is enforced.
    pub cgroup: Group,
    /// For the engine.
    pub settings: EngineSettings,
}

/// What the engine is told, in its environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EngineSettings {
    /// The sandbox's id.
    pub sandbox: String,
    /// What it may use; enforced outside, told so that it can be shown.
    pub limits: Limits,
    /// The images that are there at the start; all of the store's where absent.
    pub images: Option<Vec<String>>,
    /// Seconds without a connection and a terminal after which the sandbox ends itself.
    pub idle_seconds: u64,
    /// Unix time in seconds at which the sandbox ends.
    pub ends_at: u64,
    /// Whether a listening socket of the host, for the learner's door, is next after the cgroups.
    pub docker_socket: bool,
    /// Whether `--privileged` and any `--cap-add` can be had: then a user namespace for such containers is next.
    pub privileged: bool,
    /// Whether it answers as a registry on the workstation.
    pub registry: bool,
    /// Whether there will be a way out of its network.
    pub egress: bool,
    /// How many cgroup directories it finds from [`FIRST_CGROUP_FD`] on.
    pub cgroups: usize,
}

impl EngineSettings {
    /// The environment variable they travel in.
    pub const VARIABLE: &str = "DRYDOCK_ENGINE";
}

/// What the builder answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum BuildReport {
    /// The engine's process: its pidfd is beside the message. It has not executed the engine yet.
    Started,
    /// It came to nothing.
    Failed(BuildError),
}

/// Why a sandbox could not be built.
#[derive(Debug, Clone, Serialize, Deserialize, thiserror::Error)]
#[error("starting the sandbox failed while {stage}: {reason}")]
pub struct BuildError {
    /// What was being done.
    pub stage: String,
    /// The kernel's reason.
    pub reason: String,
    /// Its number, for `doctor`'s advice.
    pub errno: Option<i32>,
}

impl BuildError {
    pub(crate) fn at(stage: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self {
            stage: stage.into(),
            reason: error.to_string(),
            errno: error.raw_os_error(),
        }
    }
}
