//! Containers, execs and the workstation.
//!
//! The engine has threads, so it never forks: each start is a single-threaded helper, the same program
//! executed again, that enters namespaces and clones the process as the engine's own child.

mod error;
mod launcher;

pub use error::LaunchError;
pub use launcher::{Launcher, PathKind, Stdio, WorkstationSpec};

pub use crate::process::Running;
