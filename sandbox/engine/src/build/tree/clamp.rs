//! `SOURCE_DATE_EPOCH`: no file of a layer is newer than it.

use std::{
    ffi::OsStr,
    io,
    os::fd::{AsFd as _, BorrowedFd},
};

use rustix::fs::{self, AtFlags, FileType, Stat, Timespec, Timestamps, UTIME_OMIT};

/// Lowers the modification times in a step's upper directory, itself included, to `epoch`, in seconds since 1970.
///
/// # Errors
/// When a directory cannot be read or a time not be set; `ENAMETOOLONG` below 128 directories.
pub(crate) fn clamp(upper: BorrowedFd<'_>, epoch: i64) -> io::Result<()> {
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: epoch,
            tv_nsec: 0,
        },
    };
    if newer(&fs::fstat(upper)?, epoch) {
        fs::futimens(upper, &times)?;
    }
    // Its own description, since reading a directory moves through it.
    let dir = super::open_dir(upper, std::path::Path::new("."))?;
    directory(dir.as_fd(), epoch, &times, 0)
}

fn directory(dir: BorrowedFd<'_>, epoch: i64, times: &Timestamps, depth: usize) -> io::Result<()> {
    super::check_depth(depth)?;
    for name in super::names(dir)? {
        let name: &OsStr = super::as_os(&name);
        let Some(stat) = super::look(dir, name)? else {
            continue;
        };
        match super::kind(&stat) {
            // A whiteout, which has no time in a layer.
            FileType::CharacterDevice => continue,
            FileType::Directory => {
                directory(super::enter(dir, name)?.as_fd(), epoch, times, depth + 1)?;
            }
            _ => {}
        }
        if newer(&stat, epoch) {
            fs::utimensat(dir, name, times, AtFlags::SYMLINK_NOFOLLOW)?;
        }
    }
    Ok(())
}

fn newer(stat: &Stat, epoch: i64) -> bool {
    (stat.st_mtime, stat.st_mtime_nsec) > (epoch, 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{
        fs::{self, File},
        os::unix::fs::{MetadataExt as _, symlink},
        time::{Duration, SystemTime},
    };

    use super::*;

    #[test]
    fn only_newer_times_are_lowered_and_links_are_not_followed() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        fs::write(dir.path().join("a/b/new"), "").unwrap();
        fs::write(dir.path().join("old"), "").unwrap();
        symlink(outside.path(), dir.path().join("out")).unwrap();
        File::open(dir.path().join("old"))
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(5))
            .unwrap();
        clamp(File::open(dir.path()).unwrap().as_fd(), 1000).unwrap();
        let time = |name: &str| {
            let stat = fs::symlink_metadata(dir.path().join(name)).unwrap();
            (stat.mtime(), stat.mtime_nsec())
        };
        for name in ["", "a", "a/b", "a/b/new", "out"] {
            assert_eq!(time(name), (1000, 0), "{name}");
        }
        assert_eq!(time("old"), (5, 0));
        assert!(fs::metadata(outside.path()).unwrap().mtime() > 1000);
    }
}
