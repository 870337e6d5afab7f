//! Sources into an image's file system, with Docker's rules for what goes where.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use drydock_runtime::paths;
use rustix::{
    fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid},
    io::Errno,
};

use super::find::Source;

/// Links that a destination may lead through.
const MAX_LINKS: usize = 40;

/// What becomes of copied files.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dress {
    /// Their user and group; `None` keeps the source's.
    pub(crate) owner: Option<(u32, u32)>,
    /// Their permission bits; `None` keeps the source's.
    pub(crate) mode: Option<u32>,
}

/// The file system that is copied into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) root: BorrowedFd<'a>,
    /// Absolute; with a slash at the end it is a directory.
    pub(crate) path: &'a str,
    pub(crate) dress: Dress,
}

impl Target<'_> {
    /// Copies one source: what is in a directory, or a file, to the path or into it.
    ///
    /// # Errors
    /// When a file cannot be read or made.
    pub(crate) fn copy(&self, source_root: BorrowedFd<'_>, source: &Source) -> io::Result<()> {
        if source.is_dir {
            let from = super::open_dir(source_root, &source.path)?;
            let to = self.directory(Path::new(self.path), self.dress.owner)?;
            return self.contents(from.as_fd(), to.as_fd(), 0);
        }
        let (dir, name) = self.place(&source.name)?;
        let parent = super::open_dir(source_root, source.path.parent().unwrap_or(Path::new("")))?;
        let stat = fs::fstat(&source.file)?;
        if super::kind(&stat) == FileType::RegularFile {
            // By the path, so that a link is the file it leads to.
            let file = paths::open_in(source_root, &source.path, OFlags::RDONLY)?;
            super::remove(dir.as_fd(), &name, 0)?;
            return self.file(File::from(file), &stat, dir.as_fd(), &name);
        }
        self.entry(parent.as_fd(), &source.name, dir.as_fd(), &name, 0)
    }

    /// Where ADD unpacks an archive: always a directory.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn unpack_place(&self) -> io::Result<OwnedFd> {
        self.directory(Path::new(self.path), None)
    }

    /// The directory and the name that a file gets.
    fn place(&self, source_name: &OsStr) -> io::Result<(OwnedFd, OsString)> {
        let path = Path::new(self.path);
        let is_dir = || super::open_dir(self.root, path).is_ok();
        if self.path.ends_with('/') || is_dir() {
            return Ok((self.directory(path, self.dress.owner)?, source_name.into()));
        }
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let name = path.file_name().unwrap_or_default().to_owned();
            let dir = self.directory(path.parent().unwrap_or(Path::new("/")), self.dress.owner)?;
            match super::look(&dir, &name)? {
                // The file that a link leads to is replaced, not the link.
                Some(stat) if super::kind(&stat) == FileType::Symlink => {
                    let link = fs::readlinkat(&dir, &name, Vec::new())?;
                    let link = PathBuf::from(OsStr::from_bytes(link.as_bytes()));
                    path = path.parent().unwrap_or(Path::new("/")).join(link);
                }
                _ => return Ok((dir, name)),
            }
        }
        Err(Errno::LOOP.into())
    }

    /// A directory, made with its parents where it is missing; new ones get `owner`.
    fn directory(&self, path: &Path, owner: Option<(u32, u32)>) -> io::Result<OwnedFd> {
        if let Ok(dir) = super::open_dir(self.root, path) {
            return Ok(dir);
        }
        let mut prefix = PathBuf::from("/");
        let mut dir = super::open_dir(self.root, &prefix)?;
        for part in path.components() {
            prefix.push(part);
            dir = match super::open_dir(self.root, &prefix) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::mkdirat(&dir, part.as_os_str(), Mode::from_raw_mode(0o755))?;
                    let made = super::enter(&dir, part.as_os_str())?;
                    fs::fchmod(&made, Mode::from_raw_mode(0o755))?;
                    if let Some((uid, gid)) = owner {
                        fs::fchown(&made, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
                    }
                    made
                }
                other => other?,
            };
        }
        Ok(dir)
    }

    fn contents(&self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, depth: usize) -> io::Result<()> {
        super::check_depth(depth)?;
        for name in super::names(from)? {
            let name = super::as_os(&name);
            self.entry(from, name, to, name, depth)?;
        }
        Ok(())
    }

    /// One entry of a directory, not following links on either side.
    fn entry(
        &self,
        from: BorrowedFd<'_>,
        from_name: &OsStr,
        to: BorrowedFd<'_>,
        name: &OsStr,
        depth: usize,
    ) -> io::Result<()> {
        let Some(stat) = super::look(from, from_name)? else {
            return Ok(());
        };
        let is_dir = super::kind(&stat) == FileType::Directory;
        let there = super::look(to, name)?;
        let merges = is_dir && there.is_some_and(|it| super::kind(&it) == FileType::Directory);
        if there.is_some() && !merges {
            super::remove(to, name, 0)?;
        }
        match super::kind(&stat) {
            FileType::Directory => {
                if !merges {
                    fs::mkdirat(to, name, Mode::from_raw_mode(0o700))?;
                }
                let made = super::enter(to, name)?;
                let inner = super::enter(from, from_name)?;
                self.contents(inner.as_fd(), made.as_fd(), depth + 1)?;
                self.dress(made.as_fd(), &stat)
            }
            FileType::RegularFile => {
                let file = super::open_file(from, from_name)?;
                self.file(file, &stat, to, name)
            }
            FileType::Symlink => {
                let link = fs::readlinkat(from, from_name, Vec::new())?;
                fs::symlinkat(&link, to, name)?;
                self.dress_node(to, name, &stat)
            }
            FileType::Fifo => {
                let mode = self.dress.mode.unwrap_or(super::permissions(&stat));
                fs::mknodat(to, name, FileType::Fifo, Mode::from_raw_mode(mode), 0)?;
                self.dress_node(to, name, &stat)
            }
            // Sockets and devices are nothing that an image holds.
            _ => Ok(()),
        }
    }

    fn file(
        &self,
        mut from: File,
        stat: &Stat,
        to: BorrowedFd<'_>,
        name: &OsStr,
    ) -> io::Result<()> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut made = File::from(fs::openat(to, name, flags, Mode::from_raw_mode(0o600))?);
        io::copy(&mut from, &mut made)?;
        self.dress(made.as_fd(), stat)
    }

    /// Owner first: changing it clears set-user-id.
    fn dress(&self, fd: BorrowedFd<'_>, stat: &Stat) -> io::Result<()> {
        let (uid, gid) = self.owner(stat);
        fs::fchown(fd, Some(uid), Some(gid))?;
        let mode = self.dress.mode.unwrap_or(super::permissions(stat));
        fs::fchmod(fd, Mode::from_raw_mode(mode))?;
        Ok(fs::futimens(fd, &times(stat))?)
    }

    fn dress_node(&self, dir: BorrowedFd<'_>, name: &OsStr, stat: &Stat) -> io::Result<()> {
        let (uid, gid) = self.owner(stat);
        let nofollow = AtFlags::SYMLINK_NOFOLLOW;
        fs::chownat(dir, name, Some(uid), Some(gid), nofollow)?;
        Ok(fs::utimensat(dir, name, &times(stat), nofollow)?)
    }

    fn owner(&self, stat: &Stat) -> (Uid, Gid) {
        let (uid, gid) = self.dress.owner.unwrap_or((stat.st_uid, stat.st_gid));
        (Uid::from_raw(uid), Gid::from_raw(gid))
    }
}

fn times(stat: &Stat) -> Timestamps {
    let time = Timespec {
        tv_sec: stat.st_mtime,
        tv_nsec: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// Makes a directory with its parents where they are missing; new ones get `owner`.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_directory(
    root: BorrowedFd<'_>,
    path: &str,
    owner: (u32, u32),
) -> io::Result<()> {
    let target = Target {
        root,
        path,
        dress: Dress::default(),
    };
    target.directory(Path::new(path), Some(owner)).map(drop)
}
