//! A new volume begins with what the image has at its place.

use std::{
    ffi::{CStr, OsStr},
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid, chownat,
    fchmod, fchown, mkdirat, mknodat, openat, openat2, readlinkat, statat, symlinkat, utimensat,
};

/// Directories in directories at most.
const DEEPEST: usize = 128;

/// Copies what is at `path` under `root` (a container's root file system) into the empty directory `volume`,
/// which takes on the owner and mode of the original too. Nothing there, or no directory, copies nothing.
pub(crate) fn copy_up(root: BorrowedFd<'_>, path: &str, volume: &Path) -> io::Result<()> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let from = match openat2(
        root,
        path.trim_start_matches('/'),
        flags,
        Mode::empty(),
        resolve,
    ) {
        Ok(from) => from,
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let to = openat(rustix::fs::CWD, volume, flags, Mode::empty())?;
    if !is_empty(&to)? {
        return Ok(());
    }
    copy_dir(from.as_fd(), to.as_fd(), 0)
}

fn is_empty(dir: &OwnedFd) -> io::Result<bool> {
    for entry in Dir::read_from(dir)? {
        if !is_dot(entry?.file_name()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_dot(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}

fn copy_dir(from: BorrowedFd<'_>, to: BorrowedFd<'_>, depth: usize) -> io::Result<()> {
    if depth > DEEPEST {
        return Err(io::Error::other("directories are nested too deep"));
    }
    for entry in Dir::read_from(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if !is_dot(name) {
            copy_entry(from, to, name, depth)?;
        }
    }
    let stat = rustix::fs::fstat(from)?;
    fchown(
        to,
        Some(Uid::from_raw(stat.st_uid)),
        Some(Gid::from_raw(stat.st_gid)),
    )?;
    fchmod(to, Mode::from_raw_mode(stat.st_mode))?;
    rustix::fs::futimens(to, &times(&stat))?;
    Ok(())
}

fn copy_entry(
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    name: &CStr,
    depth: usize,
) -> io::Result<()> {
    let stat = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let mode = Mode::from_raw_mode(stat.st_mode);
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => {
            mkdirat(to, name, Mode::RWXU)?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let below = openat(from, name, flags, Mode::empty())?;
            return copy_dir(
                below.as_fd(),
                openat(to, name, flags, Mode::empty())?.as_fd(),
                depth + 1,
            );
        }
        FileType::RegularFile => {
            let source = openat(
                from,
                name,
                OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                Mode::empty(),
            )?;
            let create =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let target = openat(to, name, create, Mode::RUSR | Mode::WUSR)?;
            io::copy(
                &mut std::fs::File::from(source),
                &mut std::fs::File::from(target.try_clone()?),
            )?;
            chown(to, name, &stat)?;
            fchmod(&target, mode)?;
        }
        FileType::Symlink => {
            let target = readlinkat(from, name, Vec::new())?;
            symlinkat(target.as_c_str(), to, name)?;
            chown(to, name, &stat)?;
        }
        FileType::Fifo | FileType::Socket => {
            mknodat(to, name, FileType::from_raw_mode(stat.st_mode), mode, 0)?;
            chown(to, name, &stat)?;
        }
        FileType::BlockDevice | FileType::CharacterDevice | FileType::Unknown => {
            tracing::debug!(name = %OsStr::from_bytes(name.to_bytes()).display(), "a device is not copied into a volume");
            return Ok(());
        }
    }
    utimensat(to, name, &times(&stat), AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

fn chown(dir: BorrowedFd<'_>, name: &CStr, stat: &rustix::fs::Stat) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    Ok(chownat(
        dir,
        name,
        Some(uid),
        Some(gid),
        AtFlags::SYMLINK_NOFOLLOW,
    )?)
}

#[allow(
    clippy::useless_conversion,
    reason = "the fields' types differ between architectures"
)]
fn times(stat: &rustix::fs::Stat) -> Timestamps {
    let time = |tv_sec: i64, nanos: u64| Timespec {
        tv_sec,
        tv_nsec: i64::try_from(nanos).unwrap_or(0),
    };
    Timestamps {
        last_access: time(stat.st_atime.into(), stat.st_atime_nsec.into()),
        last_modification: time(stat.st_mtime.into(), stat.st_mtime_nsec.into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn what_the_image_has_comes_along_and_links_stay_inside() {
        let dir = tempfile::tempdir().unwrap();
        let (root, volume) = (dir.path().join("root"), dir.path().join("volume"));
        fs::create_dir_all(root.join("srv/data/sub")).unwrap();
        fs::create_dir(&volume).unwrap();
        fs::write(root.join("srv/data/sub/file"), "kept").unwrap();
        symlink("/srv/data", root.join("link")).unwrap();
        let root = fs::File::open(root).unwrap();

        copy_up(root.as_fd(), "/link", &volume).unwrap();
        assert_eq!(fs::read_to_string(volume.join("sub/file")).unwrap(), "kept");

        fs::write(volume.join("sub/file"), "changed").unwrap();
        copy_up(root.as_fd(), "/link", &volume).unwrap();
        assert_eq!(
            fs::read_to_string(volume.join("sub/file")).unwrap(),
            "changed",
            "only an empty volume is filled"
        );
        copy_up(root.as_fd(), "/missing", &volume).unwrap();
    }
}
