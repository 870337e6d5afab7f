//! Control groups, v2 and v1 alike; see cgroups(7).
//!
//! A sandbox has an outer group, owned by the host's root, that bears its limits, and inside it
//! `learner`, whose directory is the sandbox's to sort its processes in. The engine stays outside
//! `learner`, so that a learner out of memory never takes the engine with them.

mod hierarchy;
mod limits;

pub use hierarchy::{Group, Hierarchy, Usage, read_usage};
pub use limits::{ENGINE_PIDS, Limits};

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
