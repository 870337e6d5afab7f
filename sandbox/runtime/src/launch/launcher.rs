//! The engine's side of a start.

use std::{
    os::fd::{BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::LaunchError;
use crate::{
    container::{ContainerSpec, ExecSpec, Mount, ProcessSpec, Rootfs},
    process::Running,
};

/// Starts processes inside the sandbox. Every call blocks for the few milliseconds it takes.
#[derive(Debug, Clone)]
pub struct Launcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {}

/// The three standard streams; `None` is `/dev/null`. A terminal replaces them.
#[derive(Debug, Default)]
pub struct Stdio {
    /// Standard input.
    pub stdin: Option<OwnedFd>,
    /// Standard output.
    pub stdout: Option<OwnedFd>,
    /// Standard error.
    pub stderr: Option<OwnedFd>,
}

/// The first container of a sandbox: the machine that the learner's shells live on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkstationSpec {
    /// Its host name.
    pub hostname: String,
    /// Its layers.
    pub rootfs: Rootfs,
    /// Docker's socket, the volumes, the `docker` command.
    pub mounts: Vec<Mount>,
    /// Its environment; shells inherit it.
    pub process: ProcessSpec,
}

/// What a path of the workstation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathKind {
    /// Nothing there.
    Missing,
    /// A directory.
    Dir,
    /// Anything else.
    File,
}

impl Launcher {
    /// Starts the workstation, then answers with a launcher for containers beside it.
    ///
    /// # Errors
    /// Any step of the start; nothing is left running.
    pub fn start_workstation(
        _spec: &WorkstationSpec,
        _cgroups: Vec<OwnedFd>,
    ) -> Result<(Self, Running), LaunchError> {
        Err(LaunchError::Helper("not yet".into()))
    }

    /// Starts a container's first process; returns once it has been executed.
    ///
    /// # Errors
    /// Any step of the start; nothing is left running.
    pub fn run(&self, _spec: &ContainerSpec, _stdio: Stdio) -> Result<Running, LaunchError> {
        Err(LaunchError::Helper("not yet".into()))
    }

    /// Adds a process to the container whose first process is `target`.
    ///
    /// # Errors
    /// Any step of the start; nothing is left running.
    pub fn exec(
        &self,
        _target: BorrowedFd<'_>,
        _exec: &ExecSpec,
        _stdio: Stdio,
    ) -> Result<Running, LaunchError> {
        Err(LaunchError::Helper("not yet".into()))
    }

    /// What is at `path` on the workstation.
    ///
    /// # Errors
    /// The helper could not look.
    pub fn workstation_path(&self, _path: &Path) -> Result<PathKind, LaunchError> {
        Err(LaunchError::Helper("not yet".into()))
    }

    /// Makes a directory and its parents on the workstation, as Docker does for a missing `-v` source.
    ///
    /// # Errors
    /// The directory could not be made.
    pub fn workstation_mkdir(&self, _path: &Path) -> Result<PathBuf, LaunchError> {
        Err(LaunchError::Helper("not yet".into()))
    }
}
