//! The sandbox's root as the builder lays it out: a small read-only tree with the store, this program and
//! the harmless devices in it.

use std::{
    fs, io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use drydock_network::egress::INSIDE;
use rustix::{
    fs::CWD,
    mount::{MountAttrFlags, MoveMountFlags, OpenTreeFlags, move_mount, open_tree},
    process::chdir,
};

use super::{BuildError, Layout, SandboxPlan};
use crate::{
    launch::{DEVICES, NEW_ROOT, make_fs},
    sys::{MountAttr, mount_setattr},
};

/// Directories of the root; each is a mount point or, for [`NEW_ROOT`], becomes one in a helper.
const DIRS: [&str; 6] = [
    Layout::STORE,
    Layout::DATA,
    NEW_ROOT,
    "/proc",
    "/sys",
    "/dev",
];

/// Mounts the empty root on the plan's mount point, and goes there: the sandbox's own id, which may not
/// pass through the directories above, inherits the place.
pub fn begin(plan: &SandboxPlan) -> Result<OwnedFd, BuildError> {
    let root = skeleton(&plan.mount_point).map_err(BuildError::at("laying out the root"))?;
    if plan.settings.egress {
        name_server(&plan.mount_point).map_err(BuildError::at("naming the name server"))?;
    }
    chdir(&plan.mount_point).map_err(|e| BuildError::at("entering the root")(e.into()))?;
    Ok(root)
}

/// Mounts everything else in the root, then seals it.
pub fn fill(plan: &SandboxPlan, root: &OwnedFd, ids: BorrowedFd<'_>) -> Result<(), BuildError> {
    for name in DEVICES {
        let dev = format!("/dev/{name}");
        show(
            &plan.mount_point,
            Path::new(&dev),
            &dev,
            MountAttr::default(),
        )
        .map_err(BuildError::at("showing the devices"))?;
    }
    let program = MountAttr {
        read_only: true,
        no_suid: true,
        no_dev: true,
        ..MountAttr::default()
    };
    show(&plan.mount_point, &plan.exe, Layout::EXE, program)
        .map_err(BuildError::at("showing the program"))?;
    let store = MountAttr {
        read_only: true,
        no_dev: true,
        id_map: plan.id_mapped.then_some(ids),
        ..MountAttr::default()
    };
    show(&plan.mount_point, &plan.store, Layout::STORE, store)
        .map_err(BuildError::at("showing the image store"))?;
    mount_setattr(
        root.as_fd(),
        MountAttr {
            read_only: true,
            ..MountAttr::default()
        },
    )
    .map_err(BuildError::at("sealing the root"))
}

fn skeleton(mount_point: &Path) -> io::Result<OwnedFd> {
    let options = [("mode", "755"), ("size", "64k"), ("nr_inodes", "64")];
    let root = make_fs("tmpfs", &options, MountAttrFlags::MOUNT_ATTR_NOSUID)?;
    move_mount(
        &root,
        "",
        CWD,
        mount_point,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )?;
    for dir in DIRS {
        fs::create_dir(under(mount_point, dir))?;
    }
    for name in DEVICES {
        fs::File::create(under(mount_point, &format!("/dev/{name}")))?;
    }
    fs::File::create(under(mount_point, Layout::EXE))?;
    Ok(root)
}

/// Whom the engine asks for names itself.
fn name_server(mount_point: &Path) -> io::Result<()> {
    fs::create_dir(under(mount_point, "/etc"))?;
    let text = format!("nameserver {}\n", INSIDE.dns);
    fs::write(under(mount_point, "/etc/resolv.conf"), text)
}

/// Shows the file or directory `what` at `at` of the new root.
fn show(mount_point: &Path, what: &Path, at: &str, attr: MountAttr<'_>) -> io::Result<()> {
    let tree = open_tree(
        CWD,
        what,
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC,
    )?;
    if attr.read_only || attr.id_map.is_some() {
        mount_setattr(tree.as_fd(), attr)?;
    }
    let target = under(mount_point, at);
    Ok(move_mount(
        &tree,
        "",
        CWD,
        &target,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )?)
}

fn under(mount_point: &Path, path: &str) -> std::path::PathBuf {
    mount_point.join(path.trim_start_matches('/'))
}
