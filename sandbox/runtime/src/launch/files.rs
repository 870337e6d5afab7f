//! The helper's work for whoever copies a container's files from outside: `docker cp`, `docker export`.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use nix::sched::{CloneFlags, setns, unshare};
use rustix::mount::{MountPropagationFlags, OpenTreeFlags, mount_change, open_tree};

use super::{
    LaunchError,
    helper::Given,
    message::{Report, Role},
    rootfs::{self, Sources},
};
use crate::{container::FilesSpec, overlay};

/// Puts the files together in a mount namespace of this helper's own, and hands over a detached copy: the namespace
/// goes with the helper, the copy stays with the engine.
pub fn open(given: &Given, spec: &FilesSpec) -> Result<(), LaunchError> {
    let sources = Sources::open(&spec.mounts, given.fd(Role::Workstation))?;
    let layers = match given.fd(Role::Target) {
        Some(running) => layers_of(running),
        None => overlay::mount_detached(&spec.rootfs),
    }
    .map_err(|e| LaunchError::init("mounting the layers", &e))?;
    unshare(CloneFlags::CLONE_NEWNS)
        .map_err(|e| LaunchError::init("making a mount namespace", &e.into()))?;
    mount_change(
        "/",
        MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
    )
    .map_err(|e| LaunchError::init("making mounts private", &e.into()))?;
    let tree = rootfs::assemble_files(spec, &layers, sources)?;
    given.report(&Report::Files, &[tree.as_fd()]);
    Ok(())
}

/// A running container's layers, without what is mounted over them.
fn layers_of(running: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let home = std::fs::File::open("/proc/self/ns/mnt")?;
    setns(running, CloneFlags::CLONE_NEWNS)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let layers = open_tree(rustix::fs::CWD, "/", flags);
    setns(&home, CloneFlags::CLONE_NEWNS)?;
    Ok(layers?)
}
