//! File descriptors that cross exec(2), and those that must not.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

/// Takes over a file descriptor that the parent left open at a known number; from here on it is
/// close-on-exec, as every descriptor of ours is.
///
/// # Errors
/// `EBADF` when nothing is open there.
pub fn inherited_fd(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: F_SETFD takes no pointer; a closed number answers EBADF.
    if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open (checked above), and this program's entry modes take each agreed number once,
    // before anything else could have opened or owned it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Places a copy of `fd` at `number`, open across exec.
///
/// # Errors
/// As dup2(2).
pub fn keep_across_exec(fd: BorrowedFd<'_>, number: i32) -> io::Result<()> {
    // SAFETY: both are plain numbers. The caller is about to execute another program, so whatever
    // owned `number` in this one is never used again.
    let done = unsafe {
        if fd.as_raw_fd() == number {
            libc::fcntl(number, libc::F_SETFD, 0)
        } else {
            libc::dup2(fd.as_raw_fd(), number)
        }
    };
    if done == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Marks every descriptor from `first` up as close-on-exec: none of the host's leaks into what runs next.
///
/// # Errors
/// As close_range(2).
pub fn close_all_from(first: i32) -> io::Result<()> {
    // SAFETY: only sets a flag on this process's own descriptors; none is closed under an owner.
    let done = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if done == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
