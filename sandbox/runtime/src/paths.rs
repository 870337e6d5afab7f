//! Paths under a root, resolved by the kernel: openat2(2) with `RESOLVE_IN_ROOT`, never by string.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Component, Path},
};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, mkdirat, openat2};

const IN_ROOT: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);

/// Opens `path` as seen from `root`; symbolic links, also absolute ones, stay inside.
///
/// # Errors
/// As openat2(2).
pub fn open_in(root: BorrowedFd<'_>, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    rustix::io::retry_on_intr(|| {
        openat2(
            root,
            relative(path),
            flags | OFlags::CLOEXEC,
            Mode::empty(),
            IN_ROOT,
        )
    })
    .map_err(Into::into)
}

/// Opens `path` under `root` only to refer to it.
///
/// # Errors
/// As openat2(2).
pub fn find_in(root: BorrowedFd<'_>, path: &Path) -> io::Result<OwnedFd> {
    open_in(root, path, OFlags::PATH)
}

/// Makes the directories of `path` that are missing; answers the last one.
///
/// # Errors
/// As mkdirat(2); `ENOTDIR` where a file is in the way.
pub fn make_dirs_in(root: BorrowedFd<'_>, path: &Path) -> io::Result<OwnedFd> {
    let dir = OFlags::PATH | OFlags::DIRECTORY;
    if let Ok(found) = open_in(root, path, dir) {
        return Ok(found);
    }
    let mut prefix = std::path::PathBuf::new();
    let mut at = open_in(root, Path::new("."), dir)?;
    for part in normal_parts(path) {
        prefix.push(part);
        at = match open_in(root, &prefix, dir) {
            Ok(found) => found,
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                match mkdirat(&at, part, Mode::from_raw_mode(0o755)) {
                    Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                open_in(root, &prefix, dir)?
            }
            Err(error) => return Err(error),
        };
    }
    Ok(at)
}

/// Makes sure that something can be mounted on `path`: a directory, or an empty file.
///
/// # Errors
/// As mkdirat(2) and openat2(2).
pub fn make_mount_point(root: BorrowedFd<'_>, path: &Path, directory: bool) -> io::Result<OwnedFd> {
    if directory {
        return make_dirs_in(root, path);
    }
    if let Ok(found) = find_in(root, path) {
        return Ok(found);
    }
    let parent = make_dirs_in(root, path.parent().unwrap_or(Path::new("/")))?;
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EISDIR))?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(&parent, name, flags, Mode::from_raw_mode(0o644)) {
        Ok(_) | Err(rustix::io::Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    find_in(root, path)
}

/// Whether `fd` refers to a directory.
///
/// # Errors
/// As fstat(2).
pub fn is_dir(fd: impl AsFd) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::Directory)
}

/// `RESOLVE_IN_ROOT` takes absolute paths too; only the empty one needs help.
fn relative(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

fn normal_parts(path: &Path) -> impl Iterator<Item = &std::ffi::OsStr> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(std::ffi::OsStr::new("..")),
        _ => None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rustix::fs::CWD;

    fn root() -> (std::path::PathBuf, OwnedFd) {
        let dir = std::env::temp_dir().join(format!(
            "drydock-paths-{}",
            drydock_spec::SandboxId::random()
        ));
        std::fs::create_dir(&dir).unwrap();
        let fd =
            rustix::fs::openat(CWD, &dir, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        (dir, fd)
    }

    #[test]
    fn an_absolute_link_stays_under_the_root() {
        let (dir, fd) = root();
        std::os::unix::fs::symlink("/etc", dir.join("out")).unwrap();
        assert!(find_in(fd.as_fd(), Path::new("/out/passwd")).is_err());
        std::os::unix::fs::symlink("/../../..", dir.join("up")).unwrap();
        assert!(find_in(fd.as_fd(), Path::new("up/etc/passwd")).is_err());
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn missing_directories_are_made_inside() {
        let (dir, fd) = root();
        make_dirs_in(fd.as_fd(), Path::new("/a/b/c")).unwrap();
        make_mount_point(fd.as_fd(), Path::new("/a/x/file"), false).unwrap();
        assert!(dir.join("a/b/c").is_dir() && dir.join("a/x/file").is_file());
        assert!(make_dirs_in(fd.as_fd(), Path::new("/a/x/file/d")).is_err());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
