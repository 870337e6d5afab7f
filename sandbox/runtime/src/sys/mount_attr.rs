//! mount_setattr(2): read-only and id-mapped mounts.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

/// What to change on a mount.
#[derive(Debug, Clone, Copy, Default)]
pub struct MountAttr<'fd> {
    /// No writes through it.
    pub read_only: bool,
    /// Set-user-id bits count for nothing.
    pub no_suid: bool,
    /// Device files cannot be opened.
    pub no_dev: bool,
    /// The user namespace whose map its owners are seen through.
    pub id_map: Option<BorrowedFd<'fd>>,
    /// Sub-mounts too.
    pub recursive: bool,
}

/// Changes the mount that `mount` refers to.
///
/// # Errors
/// As mount_setattr(2); `EINVAL` where the file system cannot be id-mapped.
pub fn mount_setattr(mount: BorrowedFd<'_>, attr: MountAttr<'_>) -> io::Result<()> {
    let flag = |on: bool, bit: u64| if on { bit } else { 0 };
    let raw = libc::mount_attr {
        attr_set: flag(attr.read_only, libc::MOUNT_ATTR_RDONLY)
            | flag(attr.no_suid, libc::MOUNT_ATTR_NOSUID)
            | flag(attr.no_dev, libc::MOUNT_ATTR_NODEV)
            | flag(attr.id_map.is_some(), libc::MOUNT_ATTR_IDMAP),
        attr_clr: 0,
        propagation: 0,
        userns_fd: attr
            .id_map
            .map_or(0, |fd| u64::try_from(fd.as_raw_fd()).unwrap_or(0)),
    };
    let at = libc::AT_EMPTY_PATH
        | if attr.recursive {
            libc::AT_RECURSIVE
        } else {
            0
        };
    // SAFETY: the path is a static NUL-terminated string and `raw` outlives the call; its size is passed
    // along, as the interface asks for.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            at,
            &raw const raw,
            size_of::<libc::mount_attr>(),
        )
    };
    if done == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
