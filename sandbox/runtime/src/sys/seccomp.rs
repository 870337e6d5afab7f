//! Installing a seccomp filter without `no_new_privs`: set-user-id programs in images must keep working.

use std::io;

use seccompiler::sock_filter;

/// Puts `program` on the calling thread, for good; needs CAP_SYS_ADMIN in its user namespace.
///
/// # Errors
/// As the `SECCOMP_SET_MODE_FILTER` operation of seccomp(2).
pub fn install_filter(program: &[sock_filter]) -> io::Result<()> {
    let len =
        u16::try_from(program.len()).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?;
    let prog = libc::sock_fprog {
        len,
        filter: program.as_ptr().cast_mut().cast(),
    };
    // SAFETY: seccompiler's sock_filter is repr(C) with the fields of the kernel's; `prog` points at
    // `len` of them, alive for the call; the kernel copies and checks them and writes nothing back.
    let done = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const prog,
        )
    };
    if done == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
