//! clone(2) used as fork(2), with namespace flags.

use std::{io, os::unix::fs::MetadataExt};

use nix::sched::CloneFlags;

/// Which side of the fork this is.
#[derive(Debug)]
pub enum Fork {
    /// The new process, by its number in the caller's pid namespace.
    Parent(i32),
    /// The new process itself.
    Child,
}

/// Proof that this process had one thread; the entry modes that hold one never start another.
#[derive(Debug, Clone, Copy)]
pub struct SingleThreaded(());

impl SingleThreaded {
    /// Counts this process's threads; needs `/proc`.
    ///
    /// # Errors
    /// `EDEADLK` when there are several.
    pub fn check() -> io::Result<Self> {
        // proc(5): /proc/PID/task has one sub-directory a thread.
        if std::fs::metadata("/proc/self/task")?.nlink() == 3 {
            Ok(Self(()))
        } else {
            Err(io::Error::from_raw_os_error(libc::EDEADLK))
        }
    }
}

/// Duplicates the calling process into new namespaces.
///
/// # Errors
/// As clone(2).
pub fn clone_process(_alone: SingleThreaded, flags: CloneFlags) -> io::Result<Fork> {
    let all = i64::from(flags.bits()) | i64::from(libc::SIGCHLD);
    // SAFETY: a null stack makes clone(2) behave as fork(2): the child runs on a copy of this stack. No
    // other thread exists (the caller holds the proof), so no lock is held in the copy by a thread that
    // is not there. No flag here shares memory: CLONE_VM and CLONE_THREAD need a stack, and the callers
    // pass only namespaces and CLONE_PARENT.
    let pid = unsafe { libc::syscall(libc::SYS_clone, all, 0, 0, 0, 0) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(i32::try_from(pid).unwrap_or(i32::MAX))),
    }
}
