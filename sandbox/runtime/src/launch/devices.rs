//! A container's `/dev`. Device files cannot be made in a user namespace: the harmless ones are shown
//! from the engine's own, which came from the host.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    path::Path,
};

use rustix::{
    fs::{CWD, OFlags, symlinkat},
    mount::{MountAttrFlags, OpenTreeFlags, open_tree},
};

use super::{
    rootfs::{Shm, attach, make_fs, make_fs_named},
    share,
};
use crate::paths;

/// The devices that every container has.
pub const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

const LINKS: [(&str, &str); 5] = [
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("pts/ptmx", "ptmx"),
];

const KCORE: &str = "/proc/kcore";

/// Mounts `/dev` with all that Docker has in it.
///
/// `terminals` is how many there may be at once: the host has 4,096 for everybody.
pub fn mount(root: BorrowedFd<'_>, shm: &Shm, terminals: u32) -> io::Result<()> {
    let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let sealed = quiet | MountAttrFlags::MOUNT_ATTR_NODEV;
    let dev = make_fs(
        "tmpfs",
        &[("mode", "755"), ("size", "65536k"), ("nr_inodes", "1024")],
        MountAttrFlags::MOUNT_ATTR_NOSUID,
    )?;
    attach(root, Path::new("/dev"), &dev)?;
    for name in DEVICES {
        let tree = open_tree(
            CWD,
            format!("/dev/{name}"),
            OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC,
        )?;
        attach(root, &Path::new("/dev").join(name), &tree)?;
    }
    let dir = paths::open_in(root, Path::new("/dev"), OFlags::PATH | OFlags::DIRECTORY)?;
    for (to, name) in LINKS {
        symlinkat(to, dir.as_fd(), name)?;
    }
    // Only where the kernel shows its memory, masked as that is.
    if Path::new(KCORE).exists() {
        symlinkat(KCORE, dir.as_fd(), "core")?;
    }
    let most = terminals.to_string();
    let terminals = [
        ("newinstance", ""),
        ("ptmxmode", "0666"),
        ("mode", "0620"),
        ("gid", "5"),
        ("max", most.as_str()),
    ];
    attach(
        root,
        Path::new("/dev/pts"),
        &make_fs("devpts", &terminals, quiet)?,
    )?;
    attach(
        root,
        Path::new("/dev/mqueue"),
        &make_fs("mqueue", &[], sealed)?,
    )?;
    mount_shm(root, shm, sealed)
}

fn mount_shm(root: BorrowedFd<'_>, shm: &Shm, attr: MountAttrFlags) -> io::Result<()> {
    let place = Path::new(share::SHM);
    match shm {
        Shm::None => Ok(()),
        Shm::Shared(tree) => attach(root, place, tree),
        Shm::Own(bytes) => {
            let size = bytes.to_string();
            let options = [("mode", "1777"), ("size", size.as_str())];
            attach(root, place, &make_fs_named("tmpfs", "shm", &options, attr)?)
        }
    }
}
