//! What of `/proc` and `/sys` a container may not read or write; Docker's lists.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    path::Path,
};

use rustix::{
    fs::CWD,
    mount::{MountAttrFlags, MoveMountFlags, OpenTreeFlags, move_mount, open_tree},
};

use super::rootfs::make_fs;
use crate::{
    paths,
    sys::{MountAttr, mount_setattr},
};

const MASKED: [&str; 13] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
    "/proc/kallsyms",
];

const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// Covers what must not be seen, and locks what must not be written; what is not there needs neither.
pub fn apply(root: BorrowedFd<'_>) -> io::Result<()> {
    for path in MASKED {
        if let Ok(found) = paths::find_in(root, Path::new(path)) {
            cover(found.as_fd())?;
        }
    }
    for path in READ_ONLY {
        if let Ok(found) = paths::find_in(root, Path::new(path)) {
            let tree = open_tree(
                &found,
                "",
                OpenTreeFlags::OPEN_TREE_CLONE
                    | OpenTreeFlags::OPEN_TREE_CLOEXEC
                    | OpenTreeFlags::AT_EMPTY_PATH,
            )?;
            mount_setattr(
                tree.as_fd(),
                MountAttr {
                    read_only: true,
                    ..MountAttr::default()
                },
            )?;
            put(&tree, found.as_fd())?;
        }
    }
    Ok(())
}

fn cover(found: BorrowedFd<'_>) -> io::Result<()> {
    let tree = if paths::is_dir(found)? {
        make_fs(
            "tmpfs",
            &[("size", "0"), ("nr_inodes", "2")],
            MountAttrFlags::MOUNT_ATTR_RDONLY,
        )?
    } else {
        open_tree(
            CWD,
            "/dev/null",
            OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC,
        )?
    };
    put(&tree, found)
}

fn put(tree: &std::os::fd::OwnedFd, at: BorrowedFd<'_>) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(move_mount(tree, "", at, "", flags)?)
}
