//! Namespaces that belong to the user namespace of [`Reach::Container`], made and entered.

use std::{
    io::{self, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
};

use nix::sched::{CloneFlags, setns, unshare};
use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, waitpid};

use super::{LaunchError, helper::Given, message::Role};
use crate::{
    container::Reach,
    sys::{self, Fork},
};

/// Makes the namespaces of `flags` for this process, owned by the user namespace that `reach` says.
pub fn separate(given: &Given, reach: Reach, flags: CloneFlags) -> Result<(), LaunchError> {
    let failed = |e: io::Error| LaunchError::init("making namespaces", &e);
    match reach {
        Reach::Sandbox => unshare(flags).map_err(|e| failed(e.into())),
        Reach::Container => join_made(given, given.required(Role::Powers)?, flags).map_err(failed),
    }
}

/// From here on this process is in the user namespace that `reach` says, with every capability there.
pub fn enter(given: &Given, reach: Reach) -> Result<(), LaunchError> {
    if reach == Reach::Sandbox {
        return Ok(());
    }
    // By its descriptor alone: the sandbox's filter refuses the flag.
    setns(given.required(Role::Powers)?, CloneFlags::empty())
        .map_err(|e| LaunchError::init("entering the user namespace", &e.into()))
}

/// A child enters the user namespace and makes them there; this process follows into them and keeps its own
/// rights, which it needs for the sources of mounts and for the other end of the veth pair.
fn join_made(given: &Given, powers: BorrowedFd<'_>, flags: CloneFlags) -> io::Result<()> {
    let (mut here, there) = UnixStream::pair()?;
    match sys::clone_process(given.alone(), CloneFlags::empty())? {
        Fork::Child => {
            drop(here);
            std::process::exit(i32::from(make(powers, flags, there).is_err()))
        }
        Fork::Parent(pid) => {
            drop(there);
            let child = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidData)?;
            let joined = here.read_exact(&mut [0]).and_then(|()| {
                let child = pidfd_open(child, PidfdFlags::empty())?;
                Ok(setns(child.as_fd(), flags)?)
            });
            drop(here);
            waitpid(Some(child), WaitOptions::empty())?;
            joined
        }
    }
}

fn make(powers: BorrowedFd<'_>, flags: CloneFlags, mut parent: UnixStream) -> io::Result<()> {
    setns(powers, CloneFlags::empty())?;
    unshare(flags)?;
    parent.write_all(b"m")?;
    parent.read(&mut [0]).map(drop)
}
