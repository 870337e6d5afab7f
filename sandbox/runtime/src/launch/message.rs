//! Everything that crosses between the engine and the helper it starts.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{LaunchError, PathKind, WorkstationSpec};
use crate::container::{ContainerSpec, ExecSpec, FilesSpec};

/// What the engine asks of a helper.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// The work.
    pub work: Work,
    /// What each descriptor beside the message is, in order.
    pub fds: Vec<Role>,
}

/// The work of one helper.
#[derive(Debug, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant)] // one a process, never stored
pub enum Work {
    /// A container's first process.
    Run(ContainerSpec),
    /// The workstation's first process.
    Workstation(WorkstationSpec),
    /// One more process in a running container.
    Exec(ExecSpec),
    /// What is at a path of the workstation?
    Look(PathBuf),
    /// Make a directory on the workstation.
    MakeDir(PathBuf),
    /// Open a container's files from outside.
    Files(FilesSpec),
}

/// What a descriptor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The pidfd of the workstation's first process.
    Workstation,
    /// The pidfd of the first process of the container to enter.
    Target,
    /// The pidfd of the first process of the container whose process numbers are shared.
    PidDonor,
    /// The same, of IPC objects.
    IpcDonor,
    /// The user namespace of containers whose capabilities reach only themselves.
    Powers,
    /// A cgroup directory that the helper joins.
    Cgroup,
    /// A cgroup directory that the new process joins.
    OwnCgroup,
    /// Standard input.
    Stdin,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What comes back, from the helper or from the process it made.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    /// The new process; its pidfd is beside the message.
    Started,
    /// A process between the helper and the new one, by its number in the engine's namespace: reap it.
    Between(i32),
    /// The terminal's master side is beside the message.
    Pty,
    /// It came to nothing.
    Failed(LaunchError),
    /// The answer to [`Work::Look`].
    Found(PathKind),
    /// The answer to [`Work::MakeDir`].
    Made,
    /// The answer to [`Work::Files`]: the root is beside the message.
    Files,
}
