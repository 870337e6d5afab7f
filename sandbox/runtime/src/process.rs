//! What runs: signals, ends and terminal sizes, by file descriptor, never by number.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    process::{Resource, Rlimit, WaitId, WaitIdOptions, getrlimit, setrlimit, waitid},
    termios::{Winsize, tcsetwinsize},
};

use crate::container::TermSize;

/// A process that [`crate::launch::Launcher`] started; the engine is its parent and reaps it.
#[derive(Debug)]
pub struct Running {
    /// Its number in the engine's pid namespace.
    pub pid: i32,
    /// The process itself, whatever becomes of its number.
    pub pidfd: OwnedFd,
    /// The terminal's master side, when it has a terminal.
    pub pty: Option<OwnedFd>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// It returned this code.
    Exited(u8),
    /// This signal killed it.
    Signaled(i32),
}

impl ExitStatus {
    /// As a shell and Docker count: 128+n for signal n.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Exited(code) => i32::from(code),
            Self::Signaled(signal) => 128 + signal,
        }
    }
}

/// Reaps the process if it has ended; its pidfd polls readable from then on.
///
/// # Errors
/// As waitid(2); `ECHILD` when it was reaped before.
pub fn try_reap(pidfd: BorrowedFd<'_>) -> io::Result<Option<ExitStatus>> {
    reap(pidfd, WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
}

/// Waits for the process to end, and reaps it.
///
/// # Errors
/// As waitid(2).
pub fn wait(pidfd: BorrowedFd<'_>) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = reap(pidfd, WaitIdOptions::EXITED)? {
            return Ok(status);
        }
    }
}

fn reap(pidfd: BorrowedFd<'_>, options: WaitIdOptions) -> io::Result<Option<ExitStatus>> {
    let Some(status) = rustix::io::retry_on_intr(|| waitid(WaitId::PidFd(pidfd), options))? else {
        return Ok(None);
    };
    Ok(match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Some(ExitStatus::Exited(
            u8::try_from(code & 0xff).unwrap_or(u8::MAX),
        )),
        (None, Some(signal)) => Some(ExitStatus::Signaled(signal)),
        (None, None) => None,
    })
}

/// Sends a signal by number (0 only asks whether it lives).
///
/// # Errors
/// As pidfd_send_signal(2); `EINVAL` for a number that is no signal.
pub fn signal(pidfd: BorrowedFd<'_>, number: i32) -> io::Result<()> {
    crate::sys::pidfd_send_signal(pidfd, number)
}

/// The limits that Docker knows, by its names for them.
const RLIMITS: [(&str, Resource); 15] = [
    ("core", Resource::Core),
    ("cpu", Resource::Cpu),
    ("data", Resource::Data),
    ("fsize", Resource::Fsize),
    ("locks", Resource::Locks),
    ("memlock", Resource::Memlock),
    ("msgqueue", Resource::Msgqueue),
    ("nice", Resource::Nice),
    ("nofile", Resource::Nofile),
    ("nproc", Resource::Nproc),
    ("rss", Resource::Rss),
    ("rtprio", Resource::Rtprio),
    ("rttime", Resource::Rttime),
    ("sigpending", Resource::Sigpending),
    ("stack", Resource::Stack),
];

/// Whether Docker knows a limit of this name.
#[must_use]
pub fn is_rlimit(name: &str) -> bool {
    resource(name).is_some()
}

fn resource(name: &str) -> Option<Resource> {
    RLIMITS
        .into_iter()
        .find_map(|(known, resource)| (known == name).then_some(resource))
}

/// Sets a limit of the calling process, by Docker's name for it; `u64::MAX` is none.
///
/// # Errors
/// As setrlimit(2); `EINVAL` for an unknown name.
pub fn set_own_rlimit(name: &str, soft: u64, hard: u64) -> io::Result<()> {
    let resource = resource(name).ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    let most = |number: u64| (number != u64::MAX).then_some(number);
    Ok(setrlimit(
        resource,
        Rlimit {
            current: most(soft),
            maximum: most(hard),
        },
    )?)
}

/// The number of a limit, as runtimes name it in errors, and the most that this process may set.
#[must_use]
pub fn rlimit_facts(name: &str) -> Option<(u32, u64)> {
    let resource = resource(name)?;
    let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    Some((resource as u32, most))
}

/// Tells a terminal its size, by its master side.
///
/// # Errors
/// As the `TIOCSWINSZ` ioctl.
pub fn resize(pty: BorrowedFd<'_>, size: TermSize) -> io::Result<()> {
    Ok(tcsetwinsize(
        pty.as_fd(),
        Winsize {
            ws_col: size.cols,
            ws_row: size.rows,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    )?)
}
