//! The user's side: terminal, keys, signals, output.
//!
//! - [`raw`]: raw mode, and its end.
//! - [`input`]: standard input as it is typed.
//! - [`detach`]: the keys that leave a container without stopping it.
//! - [`signals`]: what is passed on to a container.

pub mod detach;
pub mod input;
pub mod raw;
pub mod signals;

use std::{
    io::{self, IsTerminal},
    os::fd::{AsFd, BorrowedFd},
};

use rustix::io::Errno;

use crate::error::CliError;

/// Where output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Output {
    /// Writes all of `bytes` at once, without a buffer of lines between.
    ///
    /// # Errors
    /// A reader that went away ends the command quietly.
    pub fn write(self, bytes: &[u8]) -> Result<(), CliError> {
        match self {
            Self::Stdout => write_all(io::stdout().as_fd(), bytes),
            Self::Stderr => write_all(io::stderr().as_fd(), bytes),
        }
        .map_err(|source| CliError::io("could not write", source))
    }

    /// Whether a person looks at it.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }
}

fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Someone else made the file description non-blocking.
            Err(Errno::AGAIN) => wait_writable(fd)?,
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

fn wait_writable(fd: BorrowedFd<'_>) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], None)?;
    Ok(())
}

/// Prints `text` on standard output.
///
/// # Errors
/// As [`Output::write`].
pub fn print(text: &str) -> Result<(), CliError> {
    Output::Stdout.write(text.as_bytes())
}

/// Prints a line on standard error.
///
/// # Errors
/// As [`Output::write`].
pub fn complain(line: &str) -> Result<(), CliError> {
    Output::Stderr.write(format!("{line}\n").as_bytes())
}

/// Whether keys come from a person.
#[must_use]
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// The window's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// The size of the window that standard output is in.
#[must_use]
pub fn size() -> Option<Size> {
    size_of(Output::Stdout)
}

/// The size of the window that an output is in.
#[must_use]
pub fn size_of(output: Output) -> Option<Size> {
    let size = match output {
        Output::Stdout => rustix::termios::tcgetwinsize(io::stdout()),
        Output::Stderr => rustix::termios::tcgetwinsize(io::stderr()),
    };
    let size = size.ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some(Size {
        cols: size.ws_col,
        rows: size.ws_row,
    })
}

/// How wide help texts may be.
#[must_use]
pub fn columns() -> usize {
    size().map_or(80, |size| usize::from(size.cols))
}
