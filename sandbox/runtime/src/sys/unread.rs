//! What the other end of a socket has not read yet.

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

/// Bytes (with the kernel's own overhead) that were sent on the Unix stream socket `fd` and that its peer
/// has not read; 0 when it has read everything.
///
/// # Errors
/// As ioctl(2) with `TIOCOUTQ` (`SIOCOUTQ`, unix(7) and tcp(7)).
pub fn unread_by_peer(fd: BorrowedFd<'_>) -> io::Result<i32> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: TIOCOUTQ writes one int, to where `bytes` lives; the descriptor is open as long as it is borrowed.
    let done = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if done == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        os::{fd::AsFd as _, unix::net::UnixStream},
    };

    use super::*;

    #[test]
    fn what_the_peer_has_read_is_no_longer_counted() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        assert_eq!(unread_by_peer(ours.as_fd()).unwrap(), 0);
        ours.write_all(b"hello").unwrap();
        assert!(unread_by_peer(ours.as_fd()).unwrap() >= 5);
        theirs.read_exact(&mut [0; 5]).unwrap();
        assert_eq!(unread_by_peer(ours.as_fd()).unwrap(), 0);
    }
}
