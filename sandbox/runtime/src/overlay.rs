//! overlayfs, mounted inside the sandbox's user namespace (`userxattr`; kernel 5.19 and later).

use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags},
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
        fsconfig_set_string, fsmount, fsopen,
    },
};

use crate::container::Rootfs;

/// The merged root of `rootfs` on a mount that is attached nowhere: dropping the fd unmounts it.
/// Work on it with `openat2` under this fd.
///
/// # Errors
/// As fsconfig(2): a missing directory, too many layers, no user xattrs on the upper's file system.
pub fn mount_detached(rootfs: &Rootfs) -> io::Result<OwnedFd> {
    let fs = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&fs, "source", "overlay")?;
    set_lowers(&fs, &rootfs.lowers)?;
    fsconfig_set_string(&fs, "upperdir", path(&rootfs.upper)?)?;
    fsconfig_set_string(&fs, "workdir", path(&rootfs.work)?)?;
    finish(&fs)
}

/// As [`mount_detached`], the layers alone and read-only, topmost first; the kernel asks for two at least.
///
/// # Errors
/// As [`mount_detached`].
pub fn mount_layers(lowers: &[PathBuf]) -> io::Result<OwnedFd> {
    let fs = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&fs, "source", "overlay")?;
    set_lowers(&fs, lowers)?;
    finish(&fs)
}

fn finish(fs: &OwnedFd) -> io::Result<OwnedFd> {
    fsconfig_set_flag(fs, "userxattr")?;
    fsconfig_create(fs)?;
    Ok(fsmount(
        fs,
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::empty(),
    )?)
}

/// `lowerdir+` takes one layer a call (6.7 and later); before, all of them stand in one string,
/// which fsconfig(2) limits to 256 bytes, so they are named by short file-descriptor paths.
fn set_lowers(fs: &OwnedFd, lowers: &[PathBuf]) -> io::Result<()> {
    let lowers = topmost_of_each(lowers);
    let mut one_by_one = true;
    for (index, lower) in lowers.iter().enumerate() {
        match fsconfig_set_string(fs, "lowerdir+", path(lower)?) {
            Ok(()) => {}
            Err(rustix::io::Errno::INVAL) if index == 0 => {
                one_by_one = false;
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    if one_by_one {
        return Ok(());
    }
    let dirs = lowers
        .iter()
        .map(|dir| {
            rustix::fs::openat(
                CWD,
                dir.as_path(),
                OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
                Mode::empty(),
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    let names: Vec<String> = dirs
        .iter()
        .map(|dir| format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(dir)))
        .collect();
    Ok(fsconfig_set_string(fs, "lowerdir", names.join(":"))?)
}

/// A layer that is there twice, as one that changed nothing is, counts where it is topmost: all that it says it says
/// there. The kernel refuses to take a directory twice.
fn topmost_of_each(lowers: &[PathBuf]) -> Vec<&PathBuf> {
    let mut kept: Vec<&PathBuf> = Vec::new();
    for lower in lowers {
        if !kept.contains(&lower) {
            kept.push(lower);
        }
    }
    kept
}

fn path(path: &Path) -> io::Result<&str> {
    path.to_str()
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EILSEQ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_that_is_there_twice_counts_where_it_is_topmost() {
        let paths: Vec<PathBuf> = ["/a", "/b", "/a", "/c"].map(PathBuf::from).into();
        let kept: Vec<&Path> = topmost_of_each(&paths)
            .iter()
            .map(|path| path.as_path())
            .collect();
        assert_eq!(kept, ["/a", "/b", "/c"].map(Path::new));
    }
}
