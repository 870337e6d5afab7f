//! Descriptors on tokio's event loop.

use std::{io, os::fd::OwnedFd};

use tokio::io::{Interest, unix::AsyncFd};

/// Watches `fd` for both directions; call it within a tokio runtime.
///
/// # Errors
/// As epoll_ctl(2): `EPERM` for a regular file.
pub fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd is open for as long as it lives and always gives the same number; AsyncFd owns it.
    Ok(unsafe { AsyncFd::register(fd) }?)
}

/// Watches `fd` for reading only: a pidfd, say.
///
/// # Errors
/// As epoll_ctl(2).
pub fn watch_reads(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: as in `watch`.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?)
}
