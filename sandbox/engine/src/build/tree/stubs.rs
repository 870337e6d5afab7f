//! Mount points that a command's mounts need and its layer must not keep.
//!
//! BuildKit's `executor/stubs.go` removes what it finds empty once the command has ended. So do we, and a directory that
//! was changed by nothing but the mount points gets its time back, or leaves the layer.

use std::{
    ffi::OsString,
    io,
    os::fd::{AsFd as _, BorrowedFd},
    path::PathBuf,
};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT};

use super::resolve::{Position, resolve};

/// Something to mount on.
#[derive(Debug, Clone)]
pub(crate) struct MountPoint {
    /// As the container sees it.
    pub(crate) path: PathBuf,
    /// A directory, or a file.
    pub(crate) directory: bool,
}

/// The mount points that were missing.
#[derive(Debug, Default)]
pub(crate) struct Stubs {
    /// In the order of their making: a directory before what is in it.
    made: Vec<Stub>,
    /// The directories they were made in.
    parents: Vec<Parent>,
}

#[derive(Debug)]
struct Stub {
    parent: PathBuf,
    name: OsString,
}

#[derive(Debug)]
struct Parent {
    /// From the root, free of links.
    path: PathBuf,
    /// As it was; `None` for one that is a mount point's own directory.
    before: Option<Stat>,
    /// Its time once all mount points were there.
    after: (i64, i64),
}

impl Stubs {
    /// Makes the mount points that are missing below `root`: an overlay on whose upper directory nothing was written.
    ///
    /// # Errors
    /// When one cannot be made; `ENOTDIR` where a file is in the way.
    pub(crate) fn make(root: BorrowedFd<'_>, points: &[MountPoint]) -> io::Result<Self> {
        let mut stubs = Self::default();
        for point in points {
            stubs.point(root, point)?;
        }
        for parent in &mut stubs.parents {
            let dir = super::open_dir(root, &parent.path)?;
            parent.after = mtime(&fs::fstat(&dir)?);
        }
        Ok(stubs)
    }

    fn point(&mut self, root: BorrowedFd<'_>, point: &MountPoint) -> io::Result<()> {
        let resolved = resolve(root, &point.path)?;
        let mut at = resolved.at;
        let last = resolved.missing.len();
        for (index, name) in resolved.missing.into_iter().enumerate() {
            self.remember(&at)?;
            let parent = at.path();
            if index + 1 < last || point.directory {
                fs::mkdirat(at.dir(), &name, Mode::from_raw_mode(0o755))?;
                at.enter(name.clone())?;
            } else {
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW;
                let mode = Mode::from_raw_mode(0o644);
                fs::openat(at.dir(), &name, flags | OFlags::CLOEXEC, mode)?;
            }
            self.made.push(Stub { parent, name });
        }
        Ok(())
    }

    /// A directory that is about to get a mount point.
    fn remember(&mut self, at: &Position<'_>) -> io::Result<()> {
        let path = at.path();
        if self.parents.iter().any(|parent| parent.path == path) {
            return Ok(());
        }
        let own = self
            .made
            .iter()
            .any(|stub| stub.parent.join(&stub.name) == path);
        let before = if own {
            None
        } else {
            Some(fs::fstat(at.dir())?)
        };
        self.parents.push(Parent {
            path,
            before,
            after: (0, 0),
        });
        Ok(())
    }

    /// Removes the mount points that are still empty from the upper directory, once nothing is mounted any more.
    ///
    /// What the command has put in their way is left as it is.
    ///
    /// # Errors
    /// When the upper directory cannot be changed.
    pub(crate) fn clean(self, upper: BorrowedFd<'_>) -> io::Result<()> {
        // Made in this order, so the inner directories come last.
        for parent in self.parents.iter().rev() {
            let Some(dir) = super::descend(upper, &parent.path) else {
                continue;
            };
            let now = fs::fstat(&dir)?;
            for stub in self.made.iter().rev() {
                if stub.parent == parent.path {
                    remove_empty(dir.as_fd(), &stub.name)?;
                }
            }
            match parent.before {
                Some(before) if mtime(&now) == parent.after => {
                    set_mtime(&dir, mtime(&before))?;
                    drop_unchanged(upper, parent, &before, &now, dir.as_fd())?;
                }
                _ => set_mtime(&dir, mtime(&now))?,
            }
        }
        Ok(())
    }
}

fn remove_empty(dir: BorrowedFd<'_>, name: &std::ffi::OsStr) -> io::Result<()> {
    let flags = match super::look(dir, name)? {
        Some(stat) if super::kind(&stat) == FileType::Directory => AtFlags::REMOVEDIR,
        Some(stat) if super::kind(&stat) == FileType::RegularFile && stat.st_size == 0 => {
            AtFlags::empty()
        }
        _ => return Ok(()),
    };
    match fs::unlinkat(dir, name, flags) {
        Ok(()) | Err(rustix::io::Errno::NOTEMPTY) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A directory that is in the upper one only because a mount point was made in it: the one below says the same.
fn drop_unchanged(
    upper: BorrowedFd<'_>,
    parent: &Parent,
    before: &Stat,
    now: &Stat,
    dir: BorrowedFd<'_>,
) -> io::Result<()> {
    let says = |stat: &Stat| (stat.st_mode, stat.st_uid, stat.st_gid);
    let (Some(name), Some(above)) = (parent.path.file_name(), parent.path.parent()) else {
        return Ok(());
    };
    if says(before) != says(now) || !only_marks(dir)? {
        return Ok(());
    }
    let Some(above) = super::descend(upper, above) else {
        return Ok(());
    };
    let times = mtime(&fs::fstat(&above)?);
    match fs::unlinkat(&above, name, AtFlags::REMOVEDIR) {
        Ok(()) => set_mtime(&above, times),
        Err(rustix::io::Errno::NOTEMPTY) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a directory's extended attributes are only those by which overlayfs remembers where it was copied from.
fn only_marks(dir: BorrowedFd<'_>) -> io::Result<bool> {
    const MARKS: [&[u8]; 2] = [b"user.overlay.origin", b"user.overlay.impure"];
    let mut names = Vec::with_capacity(4096);
    match fs::flistxattr(dir, rustix::buffer::spare_capacity(&mut names)) {
        Ok(_) => {}
        Err(rustix::io::Errno::OPNOTSUPP) => return Ok(true),
        Err(rustix::io::Errno::RANGE) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    Ok(names
        .split(|byte| *byte == 0)
        .all(|name| name.is_empty() || MARKS.contains(&name)))
}

fn mtime(stat: &Stat) -> (i64, i64) {
    (
        stat.st_mtime,
        i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
    )
}

fn set_mtime(dir: impl std::os::fd::AsFd, (seconds, nanos): (i64, i64)) -> io::Result<()> {
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: seconds,
            tv_nsec: nanos,
        },
    };
    Ok(fs::futimens(dir, &times)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{
        fs::{self, File},
        os::unix::fs::{MetadataExt as _, symlink},
        path::Path,
        time::{Duration, SystemTime},
    };

    use super::*;

    fn point(path: &str, directory: bool) -> MountPoint {
        MountPoint {
            path: path.into(),
            directory,
        }
    }

    /// With `etc/passwd`, whose directory is old, and `link`, which leads there.
    fn image() -> (tempfile::TempDir, File) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("etc")).unwrap();
        fs::write(dir.path().join("etc/passwd"), "x").unwrap();
        symlink("/etc", dir.path().join("link")).unwrap();
        let file = File::open(dir.path()).unwrap();
        for old in [&file, &File::open(dir.path().join("etc")).unwrap()] {
            old.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1000))
                .unwrap();
        }
        (dir, file)
    }

    fn time(path: impl AsRef<Path>) -> i64 {
        fs::metadata(path).unwrap().mtime()
    }

    #[test]
    fn mount_points_leave_no_trace() {
        let (dir, root) = image();
        let points = [
            point("/etc/hosts", false),
            point("/link/resolv.conf", false),
            point("/cache/deep/down", true),
            point("/cache/deep/file", false),
            point("/etc/passwd", false),
        ];
        let stubs = Stubs::make(root.as_fd(), &points).unwrap();
        assert!(dir.path().join("etc/resolv.conf").is_file());
        assert!(dir.path().join("cache/deep/down").is_dir());
        stubs.clean(root.as_fd()).unwrap();
        let left = |path: &str| fs::read_dir(dir.path().join(path)).unwrap().count();
        assert_eq!((left("etc"), left("")), (1, 2));
        assert_eq!(
            (time(dir.path()), time(dir.path().join("etc"))),
            (1000, 1000)
        );
    }

    #[test]
    fn what_a_command_made_stays_with_its_time() {
        let (dir, root) = image();
        let points = [point("/etc/hosts", false), point("/new/inner", true)];
        let stubs = Stubs::make(root.as_fd(), &points).unwrap();
        fs::write(dir.path().join("etc/made"), "").unwrap();
        fs::write(dir.path().join("etc/hosts"), "mine").unwrap();
        fs::write(dir.path().join("new/file"), "").unwrap();
        let made = time(dir.path().join("etc"));
        stubs.clean(root.as_fd()).unwrap();
        assert!(dir.path().join("etc/made").exists() && dir.path().join("etc/hosts").exists());
        assert!(dir.path().join("new/file").exists() && !dir.path().join("new/inner").exists());
        assert_eq!(time(dir.path().join("etc")), made);
        assert!(made > 1000);
    }

    #[test]
    fn a_link_put_in_the_way_leads_the_cleaning_nowhere() {
        let (dir, root) = image();
        let outside = tempfile::tempdir().unwrap();
        let stubs = Stubs::make(root.as_fd(), &[point("/new/stub", false)]).unwrap();
        fs::remove_dir_all(dir.path().join("new")).unwrap();
        fs::write(outside.path().join("stub"), "").unwrap();
        symlink(outside.path(), dir.path().join("new")).unwrap();
        stubs.clean(root.as_fd()).unwrap();
        assert!(outside.path().join("stub").exists());
    }

    #[test]
    fn a_directory_only_copied_up_for_a_mount_point_leaves_the_layer() {
        let (_keep, root) = image();
        let stubs = Stubs::make(root.as_fd(), &[point("/etc/hosts", false)]).unwrap();
        let upper = tempfile::tempdir().unwrap();
        fs::create_dir(upper.path().join("etc")).unwrap();
        fs::write(upper.path().join("etc/hosts"), "").unwrap();
        let etc = File::open(upper.path().join("etc")).unwrap();
        let (seconds, nanos) = stubs.parents[0].after;
        set_mtime(&etc, (seconds, nanos)).unwrap();
        stubs
            .clean(File::open(upper.path()).unwrap().as_fd())
            .unwrap();
        assert!(!upper.path().join("etc").exists());
    }
}
