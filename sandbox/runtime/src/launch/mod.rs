//! Containers, execs and the workstation.
//!
//! The engine has threads, so it never forks: each start is a single-threaded helper, the same program
//! executed again, that enters namespaces and clones the process as the engine's own child.
//!
//! - [`launcher`]: the engine's side. [`message`], [`fds`]: what crosses.
//! - [`helper`]: the helper's first steps. Then one file a kind of work: [`container`], [`exec`], [`files`],
//!   [`workstation`].
//! - [`rootfs`], [`devices`], [`cgroupfs`], [`masks`]: the mounts of a container.
//! - [`powers`]: the namespaces of privileged containers. [`share`]: those of another.
//! - [`first`]: the new process itself, up to exec(2). [`identity`], [`program`]: who and what it becomes.

mod cgroupfs;
mod container;
mod devices;
mod error;
mod exec;
mod fds;
mod files;
mod first;
mod helper;
mod identity;
mod launcher;
mod masks;
mod message;
mod powers;
mod program;
mod rootfs;
mod share;
mod stdio;
mod workstation;

pub(crate) use devices::DEVICES;
pub use error::{LaunchError, reason};
pub use helper::main as helper_main;
pub use launcher::{Donors, Launcher, PathKind, Prepared, Stdio, WorkstationSpec};
pub(crate) use rootfs::{NEW_ROOT, make_fs};

pub use crate::process::Running;
