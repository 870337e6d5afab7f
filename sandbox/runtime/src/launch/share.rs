//! Namespaces that a container shares with another, or with the workstation.
//!
//! They are entered by the pidfd of a process in them, with the helper's rights; what is mounted in the donor's mount
//! namespace is looked up there, below its root.

use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
    path::Path,
};

use nix::sched::{CloneFlags, setns};

use super::{
    LaunchError,
    helper::Given,
    message::Role,
    rootfs::{at_root_of, open_copy},
};
use crate::container::{ContainerSpec, Namespace};

/// Where a container's shared memory is.
pub const SHM: &str = "/dev/shm";

/// The namespaces of `all` that the container gets for itself.
pub fn own(spec: &ContainerSpec, all: CloneFlags) -> CloneFlags {
    let mut own = all;
    own.set(CloneFlags::CLONE_NEWIPC, spec.ipc == Namespace::Own);
    own.set(CloneFlags::CLONE_NEWUTS, spec.uts == Namespace::Own);
    own
}

/// A detached copy of the donor's `/dev/shm`, if IPC objects are shared.
pub fn open_shm(given: &Given, spec: &ContainerSpec) -> Result<Option<OwnedFd>, LaunchError> {
    let Some(donor) = donor(given, spec.ipc, Role::IpcDonor)? else {
        return Ok(None);
    };
    match at_root_of(donor, || open_copy(Path::new(SHM)))? {
        Ok(tree) => Ok(Some(tree)),
        // It has none.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LaunchError::init("opening the shared memory", &error)),
    }
}

/// Enters what is shared, but the process numbers; this process's own mounts stay as they are.
pub fn enter(given: &Given, spec: &ContainerSpec) -> Result<(), LaunchError> {
    let failed = |e: nix::Error| LaunchError::init("entering a shared namespace", &e.into());
    if let Some(donor) = donor(given, spec.ipc, Role::IpcDonor)? {
        setns(donor, CloneFlags::CLONE_NEWIPC).map_err(failed)?;
    }
    if spec.uts != Namespace::Own {
        setns(given.required(Role::Workstation)?, CloneFlags::CLONE_NEWUTS).map_err(failed)?;
    }
    Ok(())
}

/// The process whose numbers are shared, if they are.
pub fn pid_donor<'a>(
    given: &'a Given,
    spec: &ContainerSpec,
) -> Result<Option<BorrowedFd<'a>>, LaunchError> {
    donor(given, spec.pid, Role::PidDonor)
}

fn donor(
    given: &Given,
    namespace: Namespace,
    role: Role,
) -> Result<Option<BorrowedFd<'_>>, LaunchError> {
    match namespace {
        Namespace::Own => Ok(None),
        Namespace::Workstation => given.required(Role::Workstation).map(Some),
        Namespace::Container => given.required(role).map(Some),
    }
}
