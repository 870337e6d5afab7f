//! Looking at, and making, paths of the workstation: from inside it, never from the engine's side.

use std::{io, os::fd::AsFd, path::Path};

use nix::sched::{CloneFlags, setns};
use rustix::fs::{CWD, Mode, OFlags};

use super::{
    LaunchError, PathKind,
    helper::Given,
    message::{Report, Role},
};
use crate::paths;

/// What is at `path`?
pub fn look(given: &Given, path: &Path) -> Result<(), LaunchError> {
    enter(given)?;
    let kind = match find(path) {
        Ok(kind) => kind,
        Err(e) if matches!(e.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => {
            PathKind::Missing
        }
        Err(e) => {
            return Err(LaunchError::init(
                format!("looking at {}", path.display()),
                &e,
            ));
        }
    };
    given.report(&Report::Found(kind), &[]);
    Ok(())
}

/// Makes `path` and its parents.
pub fn make_dir(given: &Given, path: &Path) -> Result<(), LaunchError> {
    enter(given)?;
    root()
        .and_then(|root| paths::make_dirs_in(root.as_fd(), path))
        .map_err(|e| LaunchError::init(format!("making {}", path.display()), &e))?;
    given.report(&Report::Made, &[]);
    Ok(())
}

fn enter(given: &Given) -> Result<(), LaunchError> {
    setns(given.required(Role::Workstation)?, CloneFlags::CLONE_NEWNS)
        .map_err(|e| LaunchError::init("entering the workstation", &e.into()))
}

fn root() -> io::Result<std::os::fd::OwnedFd> {
    Ok(rustix::fs::openat(
        CWD,
        "/",
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

fn find(path: &Path) -> io::Result<PathKind> {
    let found = paths::find_in(root()?.as_fd(), path)?;
    Ok(if paths::is_dir(&found)? {
        PathKind::Dir
    } else {
        PathKind::File
    })
}
