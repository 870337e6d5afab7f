//! pidfd_send_signal(2) for every number: safe crates know only the named signals, not the real-time ones.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

/// Sends signal `number`; 0 only asks whether the process is there.
///
/// # Errors
/// `EINVAL` for a number that is no signal, `ESRCH` when the process has ended.
pub fn pidfd_send_signal(pidfd: BorrowedFd<'_>, number: i32) -> io::Result<()> {
    // SAFETY: a null siginfo asks the kernel to fill one in; nothing else is a pointer.
    let done = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            number,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    if done == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
