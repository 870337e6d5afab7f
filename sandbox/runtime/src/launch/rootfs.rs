//! A container's file system, mounted at [`NEW_ROOT`] of the helper's own mount namespace.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use nix::sched::{CloneFlags, setns};
use rustix::{
    fs::{CWD, Mode, OFlags},
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
        fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
    },
};

use super::{LaunchError, devices, error::reason};
use crate::{
    container::{Atime, FilesSpec, Mount, MountSource, Rootfs, Tmpfs},
    overlay, paths,
    sys::{MountAttr, mount_setattr},
};

/// An empty directory of every sandbox's root, made when the sandbox starts.
pub const NEW_ROOT: &str = "/newroot";

/// What to assemble.
pub struct Plan<'a> {
    pub rootfs: &'a Rootfs,
    pub mounts: &'a [Mount],
    pub shm: Shm,
    pub terminals: u32,
    pub cwd: &'a str,
    /// `/sys` of a privileged container is not mounted read-only.
    pub sys_writable: bool,
}

/// What is at `/dev/shm`.
pub enum Shm {
    None,
    /// New, of as many bytes.
    Own(u64),
    /// Another's.
    Shared(OwnedFd),
}

/// The mounts' sources, opened where they lie before the helper leaves that namespace.
pub struct Sources(Vec<Option<OwnedFd>>);

impl Sources {
    /// Opens every source: the learner's paths in the workstation's mount namespace, ours in the engine's.
    pub fn open(
        mounts: &[Mount],
        workstation: Option<BorrowedFd<'_>>,
    ) -> Result<Self, LaunchError> {
        let ours = mounts.iter().map(|mount| match &mount.source {
            MountSource::Engine(path) => clone_tree(mount, path).map(Some),
            _ => Ok(None),
        });
        let mut opened = ours.collect::<Result<Vec<_>, _>>()?;
        let theirs = |m: &Mount| matches!(m.source, MountSource::Workstation(_));
        let Some(workstation) = workstation.filter(|_| mounts.iter().any(theirs)) else {
            return Ok(Self(opened));
        };
        at_root_of(workstation, || {
            for (slot, mount) in opened.iter_mut().zip(mounts) {
                if let MountSource::Workstation(path) = &mount.source {
                    *slot = Some(clone_tree(mount, path)?);
                }
            }
            Ok(())
        })??;
        Ok(Self(opened))
    }
}

/// What `look` finds in the mount namespace of the process `of`; this process is back in its own afterwards.
pub fn at_root_of<T>(of: BorrowedFd<'_>, look: impl FnOnce() -> T) -> Result<T, LaunchError> {
    let switch = |ns: BorrowedFd<'_>| {
        setns(ns, CloneFlags::CLONE_NEWNS)
            .map_err(|e| LaunchError::init("entering a mount namespace", &e.into()))
    };
    let home = std::fs::File::open("/proc/self/ns/mnt")
        .map_err(|e| LaunchError::init("opening the mount namespace", &e))?;
    switch(of)?;
    let found = look();
    switch(home.as_fd())?;
    Ok(found)
}

fn clone_tree(mount: &Mount, path: &Path) -> Result<OwnedFd, LaunchError> {
    open_copy(path).map_err(|e| mount_error(mount, &e))
}

/// A detached copy of the mounts at `path`, under the current root.
pub fn open_copy(path: &Path) -> io::Result<OwnedFd> {
    let root = rustix::fs::openat(
        CWD,
        "/",
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let found = paths::find_in(root.as_fd(), path)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_RECURSIVE;
    Ok(open_tree(&found, "", flags)?)
}

fn attach_new_root(mount: &OwnedFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    Ok(move_mount(mount, "", CWD, NEW_ROOT, flags)?)
}

/// A detached copy of a place in layers. Only what is attached can be copied, so they are for a moment.
fn place_in(rootfs: &Rootfs, path: &Path) -> io::Result<OwnedFd> {
    let merged = overlay::mount_detached(rootfs)?;
    attach_new_root(&merged)?;
    let place = paths::find_in(merged.as_fd(), path).and_then(|found| {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_EMPTY_PATH;
        Ok(open_tree(&found, "", flags)?)
    });
    rustix::mount::unmount(NEW_ROOT, rustix::mount::UnmountFlags::DETACH)?;
    place
}

/// Mounts everything but `/proc`, which shows the process numbers of whoever mounts it; answers the root.
pub fn assemble(plan: &Plan<'_>, sources: Sources) -> Result<OwnedFd, LaunchError> {
    let step = |stage: &str| {
        let stage = stage.to_owned();
        move |e: io::Error| LaunchError::init(stage, &e)
    };
    let mut sources = sources;
    for (mount, source) in plan.mounts.iter().zip(&mut sources.0) {
        if let MountSource::Layers { rootfs, path } = &mount.source {
            let place = place_in(rootfs, path).map_err(|e| mount_error(mount, &e))?;
            *source = Some(place);
        }
    }
    let merged = overlay::mount_detached(plan.rootfs).map_err(step("mounting the layers"))?;
    attach_new_root(&merged).map_err(step("attaching the layers"))?;
    let root = merged;
    paths::make_dirs_in(root.as_fd(), Path::new("/proc")).map_err(step("making /proc"))?;
    devices::mount(root.as_fd(), &plan.shm, plan.terminals).map_err(step("making /dev"))?;
    mount_sysfs(root.as_fd(), plan.sys_writable).map_err(step("mounting /sys"))?;
    for (mount, source) in plan.mounts.iter().zip(sources.0) {
        mount_one(root.as_fd(), mount, source).map_err(|e| mount_error(mount, &e))?;
    }
    paths::make_dirs_in(root.as_fd(), Path::new(plan.cwd)).map_err(|e| LaunchError::Cwd {
        cwd: plan.cwd.into(),
        reason: reason(&e),
    })?;
    Ok(root)
}

/// A container's layers with its mounts over them, as seen from outside; answers a detached copy of it all.
pub fn assemble_files(
    spec: &FilesSpec,
    layers: &OwnedFd,
    sources: Sources,
) -> Result<OwnedFd, LaunchError> {
    let to_root = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(layers, "", CWD, NEW_ROOT, to_root)
        .map_err(|e| LaunchError::init("attaching the layers", &e.into()))?;
    for (mount, source) in spec.mounts.iter().zip(sources.0) {
        mount_one(layers.as_fd(), mount, source).map_err(|e| mount_error(mount, &e))?;
    }
    if spec.readonly_rootfs {
        // After the mounts: their mount points may have to be made.
        let attr = MountAttr {
            read_only: true,
            ..MountAttr::default()
        };
        mount_setattr(layers.as_fd(), attr)
            .map_err(|e| LaunchError::init("closing the layers to writes", &e))?;
    }
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_RECURSIVE;
    open_tree(layers, "", flags).map_err(|e| LaunchError::init("detaching the files", &e.into()))
}

fn mount_one(root: BorrowedFd<'_>, mount: &Mount, source: Option<OwnedFd>) -> io::Result<()> {
    let tree = match (&mount.source, source) {
        (MountSource::Tmpfs(tmpfs), _) => make_tmpfs(tmpfs)?,
        (_, Some(tree)) => tree,
        (_, None) => return Err(io::ErrorKind::NotFound.into()),
    };
    if mount.readonly {
        mount_setattr(
            tree.as_fd(),
            MountAttr {
                read_only: true,
                ..MountAttr::default()
            },
        )?;
    }
    attach(root, &mount.target, &tree)
}

fn make_tmpfs(asked: &Tmpfs) -> io::Result<OwnedFd> {
    let mut options = vec![
        ("size", asked.size.to_string()),
        ("mode", format!("{:o}", asked.mode)),
        ("uid", asked.uid.to_string()),
        ("gid", asked.gid.to_string()),
    ];
    options.extend(asked.inodes.map(|most| ("nr_inodes", most.to_string())));
    let options: Vec<_> = options.iter().map(|(key, v)| (*key, v.as_str())).collect();
    let mut attr = MountAttrFlags::MOUNT_ATTR_NODEV;
    attr.set(MountAttrFlags::MOUNT_ATTR_NOEXEC, !asked.exec);
    attr.set(MountAttrFlags::MOUNT_ATTR_NOSUID, !asked.suid);
    attr |= match asked.atime {
        Atime::Relative => MountAttrFlags::MOUNT_ATTR_RELATIME,
        Atime::Strict => MountAttrFlags::MOUNT_ATTR_STRICTATIME,
        Atime::Never => MountAttrFlags::MOUNT_ATTR_NOATIME,
    };
    make_fs("tmpfs", &options, attr)
}

/// A new file system on a mount that is attached nowhere yet.
pub fn make_fs(kind: &str, options: &[(&str, &str)], attr: MountAttrFlags) -> io::Result<OwnedFd> {
    make_fs_named(kind, kind, options, attr)
}

/// As [`make_fs`], with the name that df(1) and mount(8) show.
pub fn make_fs_named(
    kind: &str,
    name: &str,
    options: &[(&str, &str)],
    attr: MountAttrFlags,
) -> io::Result<OwnedFd> {
    let fs = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&fs, "source", name)?;
    for (key, value) in options {
        if value.is_empty() {
            rustix::mount::fsconfig_set_flag(&fs, *key)?;
        } else {
            fsconfig_set_string(&fs, *key, *value)?;
        }
    }
    fsconfig_create(&fs)?;
    Ok(fsmount(&fs, FsMountFlags::FSMOUNT_CLOEXEC, attr)?)
}

/// Attaches a detached mount at `target` under `root`, making the mount point if need be.
pub fn attach(root: BorrowedFd<'_>, target: &Path, tree: &OwnedFd) -> io::Result<()> {
    let directory = paths::is_dir(tree)?;
    let point = paths::make_mount_point(root, target, directory)?;
    if paths::is_dir(&point)? != directory {
        // move_mount(2) says no more than EINVAL, where mount(2) names what does not fit.
        return Err(io::Error::from_raw_os_error(libc::ENOTDIR));
    }
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(move_mount(tree, "", &point, "", flags)?)
}

fn mount_sysfs(root: BorrowedFd<'_>, writable: bool) -> io::Result<()> {
    let mut attr = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    if !writable {
        attr |= MountAttrFlags::MOUNT_ATTR_RDONLY;
    }
    attach(root, Path::new("/sys"), &make_fs("sysfs", &[], attr)?)
}

fn mount_error(mount: &Mount, error: &io::Error) -> LaunchError {
    let (source_path, flags) = match &mount.source {
        MountSource::Workstation(path) | MountSource::Engine(path) => {
            (path.display().to_string(), ", flags=MS_BIND|MS_REC")
        }
        MountSource::Layers { path, .. } => (path.display().to_string(), ""),
        MountSource::Tmpfs(_) => ("tmpfs".into(), ""),
    };
    LaunchError::Mount {
        source_path,
        target: mount.target.display().to_string(),
        flags: flags.into(),
        reason: reason(error),
    }
}
