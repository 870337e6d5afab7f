//! The new process's standard streams: the pipes it was given, or a terminal of its own container.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

use rustix::{
    fs::{Gid, Mode, OFlags, Uid, fchown},
    pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt},
};

use super::{
    LaunchError,
    helper::Given,
    identity::Identity,
    message::{Report, Role},
};
use crate::{container::TermSize, process::resize, sys::keep_across_exec};

/// Group `tty`, as devpts is mounted with.
const TTY_GROUP: u32 = 5;

/// Puts the right descriptors at 0, 1 and 2.
pub fn set_up(
    given: &Given,
    tty: Option<TermSize>,
    identity: &Identity,
) -> Result<(), LaunchError> {
    match tty {
        Some(size) => terminal(given, size, identity),
        None => pipes(given, identity),
    }
    .map_err(|e| LaunchError::init("setting up the standard streams", &e))
}

/// A terminal of the container's own devpts: its `tty` and `/dev/pts` agree, and the host's are not used up.
fn terminal(given: &Given, size: TermSize, identity: &Identity) -> io::Result<()> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags)?;
    unlockpt(&master)?;
    resize(master.as_fd(), size)?;
    let terminal = ioctl_tiocgptpeer(&master, flags)?;
    fchown(
        &terminal,
        Some(Uid::from_raw(identity.uid)),
        Some(Gid::from_raw(TTY_GROUP)),
    )?;
    rustix::process::ioctl_tiocsctty(&terminal)?;
    given.report(&Report::Pty, &[master.as_fd()]);
    for number in 0..3 {
        keep_across_exec(terminal.as_fd(), number)?;
    }
    Ok(())
}

fn pipes(given: &Given, identity: &Identity) -> io::Result<()> {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    for (number, role) in [(0, Role::Stdin), (1, Role::Stdout), (2, Role::Stderr)] {
        let stream = given.fd(role);
        if let Some(pipe) = stream {
            reopenable(pipe, identity);
        }
        keep_across_exec(stream.unwrap_or(null.as_fd()), number)?;
    }
    Ok(())
}

/// `/dev/stdout` opens the pipe again by its owner's rights; a pipe from elsewhere cannot be given away,
/// and then only that reopening fails.
fn reopenable(pipe: BorrowedFd<'_>, identity: &Identity) {
    let _ = fchown(
        pipe,
        Some(Uid::from_raw(identity.uid)),
        Some(Gid::from_raw(identity.gid)),
    );
}
