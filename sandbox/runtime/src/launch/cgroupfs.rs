//! A container's `/sys/fs/cgroup`: its own groups and nothing else.
//!
//! A cgroup file system shows what is below the root of the mounting process's cgroup namespace (cgroup_namespaces(7)),
//! and that is the group it was in when the namespace was made. In a hierarchy where the container has no group of its
//! own this would be the sandbox's, or the host's. So a new mount is held against the container's own directories,
//! and what is not one of them is attached nowhere.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{Mode, OFlags, fstat, mkdirat, symlinkat},
    mount::MountAttrFlags,
};

use super::rootfs::{attach, make_fs};
use crate::{
    paths,
    sys::{MountAttr, mount_setattr},
};

/// Where programs look for it.
pub const PLACE: &str = "/sys/fs/cgroup";

/// Mounts the groups `own`; on v1 one directory for each controller, as Docker does. A controller that cannot be
/// mounted is left out: nothing depends on it but who looks.
pub fn mount(root: BorrowedFd<'_>, own: &[BorrowedFd<'_>], writable: bool) -> io::Result<()> {
    if own.is_empty() {
        return Ok(());
    }
    let own = own.iter().map(identity).collect::<io::Result<Vec<_>>>()?;
    let mut attr = quiet();
    attr.set(MountAttrFlags::MOUNT_ATTR_RDONLY, !writable);
    let listed = std::fs::read_to_string("/proc/self/cgroup")?;
    let mut trees = Vec::new();
    for controllers in hierarchies(&listed) {
        let Ok(tree) = make_tree(controllers, attr) else {
            continue;
        };
        if own.contains(&identity(&tree)?) {
            trees.push((controllers, tree));
        }
    }
    match trees.as_slice() {
        [] => Ok(()),
        [("", unified)] => attach(root, Path::new(PLACE), unified),
        trees => mount_v1(root, trees),
    }
}

/// The controllers of each hierarchy, as `/proc/[pid]/cgroup` lists them (cgroups(7)); none for v2.
fn hierarchies(listed: &str) -> impl Iterator<Item = &str> {
    let fields = listed.lines().map(|line| line.splitn(3, ':'));
    fields
        .filter_map(|mut fields| fields.nth(1))
        // Without controllers of the kernel's: the host's own business.
        .filter(|controllers| !controllers.starts_with("name="))
}

fn make_tree(controllers: &str, attr: MountAttrFlags) -> io::Result<OwnedFd> {
    if controllers.is_empty() {
        return make_fs("cgroup2", &[], attr);
    }
    let options: Vec<_> = controllers.split(',').map(|name| (name, "")).collect();
    make_fs("cgroup", &options, attr)
}

fn mount_v1(root: BorrowedFd<'_>, trees: &[(&str, OwnedFd)]) -> io::Result<()> {
    let top = make_fs("tmpfs", &[("mode", "755"), ("size", "64k")], quiet())?;
    attach(root, Path::new(PLACE), &top)?;
    let dir = paths::open_in(root, Path::new(PLACE), OFlags::PATH | OFlags::DIRECTORY)?;
    for (controllers, tree) in trees {
        mkdirat(&dir, *controllers, Mode::from_raw_mode(0o755))?;
        attach(root, &Path::new(PLACE).join(controllers), tree)?;
        // Those that are mounted together are found by each name.
        for name in controllers.split(',').filter(|name| name != controllers) {
            symlinkat(*controllers, &dir, name)?;
        }
    }
    let read_only = MountAttr {
        read_only: true,
        ..MountAttr::default()
    };
    mount_setattr(top.as_fd(), read_only)
}

fn quiet() -> MountAttrFlags {
    MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC
}

/// Which directory of which hierarchy.
fn identity(dir: impl AsFd) -> io::Result<(u64, u64)> {
    let stat = fstat(dir)?;
    Ok((stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_are_named_by_their_controllers() {
        let listed = "7:pids:/a\n3:cpu,cpuacct:/a:b\n1:name=systemd:/\n0::/a\n";
        let found: Vec<_> = hierarchies(listed).collect();
        assert_eq!(found, ["pids", "cpu,cpuacct", ""]);
    }
}
