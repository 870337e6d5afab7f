//! Control groups, v2 and v1 alike; see cgroups(7).
//!
//! A sandbox has an outer group, owned by the host's root, that bears its limits, and inside it
//! `learner`, whose directory is the sandbox's to sort its processes in. The engine stays outside
//! `learner`, so that a learner out of memory never takes the engine with them. Each container has a group of its
//! own below `learner`.
//!
//! - On the host: [`Hierarchy`], what there is; [`Group`], a sandbox's groups; [`Limits`], what they are given.
//! - In the sandbox: [`Delegation`], the groups it was given; [`ContainerGroup`], one container's, with its
//!   [`Resources`], its [`Reading`]s, its freezer and its [`OomNotice`].

mod container;
mod delegation;
mod freezer;
mod group;
mod hierarchy;
mod kill;
mod limits;
mod oom;
mod reading;
mod resources;
mod values;

pub use container::{ContainerGroup, LimitError};
pub use delegation::{Abilities, Delegation, Version};
pub use group::Group;
pub use hierarchy::Hierarchy;
pub use limits::{ENGINE_PIDS, Limits};
pub use oom::OomNotice;
pub use reading::{Reading, Transferred};
pub use resources::{CpuTime, Most, Resources};

use std::{
    io::{self, Write},
    os::fd::BorrowedFd,
};

use rustix::fs::{Mode, OFlags, openat};

/// Moves the calling thread, the only one of its process, into the group of this directory.
/// On v1, `tasks` takes `0` at once where a pid in `cgroup.procs` waits 5–10 ms after a pause.
///
/// # Errors
/// As write(2) on the group's file.
pub fn join(dir: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let file = match openat(dir, "tasks", flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => openat(dir, "cgroup.procs", flags, Mode::empty())?,
        other => other?,
    };
    std::fs::File::from(file).write_all(b"0")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
