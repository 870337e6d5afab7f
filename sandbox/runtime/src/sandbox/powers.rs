//! The user namespace of containers with capabilities beyond the ceiling.
//!
//! A child of the sandbox's, with the same ids. It owns only what is made inside it, so its root has power over the
//! containers made there and over nothing of the engine's. It is made once, before the sandbox's own namespace
//! forbids further ones, and kept by its descriptor.

use std::{
    fs,
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
};

use nix::sched::{CloneFlags, unshare};
use rustix::process::{DumpableBehavior, Pid, WaitOptions, set_dumpable_behavior, waitpid};

use super::IdRange;
use crate::sys::{self, Fork, SingleThreaded};

/// Makes the namespace; the process that made it ends before this returns.
///
/// # Errors
/// As unshare(2) and as write(2) on `uid_map`.
pub fn make(alone: SingleThreaded) -> io::Result<OwnedFd> {
    let (mut here, there) = UnixStream::pair()?;
    match sys::clone_process(alone, CloneFlags::empty())? {
        Fork::Child => {
            drop(here);
            std::process::exit(i32::from(hold(there).is_err()))
        }
        Fork::Parent(pid) => {
            drop(there);
            let namespace = here.read_exact(&mut [0]).and_then(|()| mapped(pid));
            drop(here);
            let child = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidData)?;
            waitpid(Some(child), WaitOptions::empty())?;
            namespace
        }
    }
}

/// The child: makes the namespace, and stays until its parent has it.
fn hold(mut parent: UnixStream) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER)?;
    // No learner is there yet to look. Else its files in /proc belong to whoever executed this program: the host's root.
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    parent.write_all(b"u")?;
    parent.read(&mut [0]).map(drop)
}

fn mapped(pid: i32) -> io::Result<OwnedFd> {
    let same = IdRange { base: 0 }.map_line();
    for file in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{pid}/{file}"), &same)?;
    }
    Ok(fs::File::open(format!("/proc/{pid}/ns/user"))?.into())
}
