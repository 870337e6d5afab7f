//! A tar stream into a directory: the build context, the archives that ADD unpacks, and what `docker cp` brings.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read},
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::ffi::{OsStrExt as _, OsStringExt as _},
    },
    path::{Path, PathBuf},
};

use drydock_image::{
    layer::keeps_xattr,
    tar::{Entry, Kind, Reader, TarError},
};
use drydock_runtime::paths;
use rustix::{
    fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid},
    io::Errno,
};

use super::dress;

/// Bounds on one archive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Files of any kind.
    pub(crate) entries: u64,
    /// Bytes in regular files.
    pub(crate) bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 200_000,
            bytes: 2 << 30,
        }
    }
}

/// Whose the files become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// As the archive says.
    Archive,
    /// This user's and group's.
    Fixed(u32, u32),
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UntarError {
    #[error(transparent)]
    Tar(TarError),
    #[error("{0:?} leads out of the archive")]
    Escapes(String),
    #[error("{0:?} is a device, which an archive may not hold here")]
    Device(String),
    #[error("invalid {what} {name:?} -> {link:?}")]
    Link {
        what: &'static str,
        name: String,
        link: String,
    },
    #[error("cannot overwrite {there} {path:?} with {new} {name:?}")]
    Kinds {
        there: &'static str,
        path: String,
        new: &'static str,
        name: String,
    },
    #[error("{name:?} belongs to {uid}:{gid}, but a sandbox has only the ids 0 to 65535")]
    Owner { name: String, uid: u64, gid: u64 },
    #[error("it has more than {limit} {what}")]
    TooMuch { what: &'static str, limit: u64 },
    #[error("{name}: {source}")]
    Os { name: String, source: io::Error },
}

impl From<TarError> for UntarError {
    fn from(error: TarError) -> Self {
        Self::Tar(error)
    }
}

/// Where an archive goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// What links lead to at most.
    pub(crate) root: BorrowedFd<'a>,
    /// The directory below it, without links, that the archive's names are under.
    pub(crate) base: &'a Path,
    /// Docker's rules for strangers' archives: no symbolic link out of `base`.
    pub(crate) strict: bool,
    /// Docker's `noOverwriteDirNonDir`.
    pub(crate) keeps_kinds: bool,
}

/// Unpacks a tar stream below `root`, over what is there.
///
/// # Errors
/// At the first entry that is hostile, over a bound, or cannot be made.
pub(crate) fn unpack(
    stream: impl Read,
    root: BorrowedFd<'_>,
    owner: Owner,
    limits: Limits,
) -> Result<(), UntarError> {
    let place = Place {
        root,
        base: Path::new(""),
        strict: false,
        keeps_kinds: false,
    };
    unpack_at(stream, place, owner, limits)
}

/// As [`unpack`], at a place below the root.
///
/// # Errors
/// As there.
pub(crate) fn unpack_at(
    stream: impl Read,
    place: Place<'_>,
    owner: Owner,
    limits: Limits,
) -> Result<(), UntarError> {
    let mut reader = Reader::new(stream);
    let mut unpacker = Unpacker {
        place,
        owner,
        parent: None,
        directories: Vec::new(),
        remembered: 0,
    };
    let (mut entries, mut bytes) = (0_u64, 0_u64);
    while let Some(entry) = reader.next()? {
        entries += 1;
        bytes = bytes.saturating_add(entry.size);
        within("files", entries, limits.entries)?;
        within("bytes", bytes, limits.bytes)?;
        unpacker.entry(&entry, &mut reader)?;
    }
    unpacker.finish();
    Ok(())
}

/// Bytes of directory names that are remembered; the times of more are those of their making.
const REMEMBERED: usize = 4 << 20;

struct Unpacker<'a> {
    place: Place<'a>,
    owner: Owner,
    /// The directory of the last entry: neighbours in the stream are mostly neighbours on disk.
    parent: Option<(PathBuf, OwnedFd)>,
    /// Their times are set last: making files in them changes them.
    directories: Vec<(PathBuf, Timestamps)>,
    remembered: usize,
}

impl Unpacker<'_> {
    fn entry(&mut self, entry: &Entry, data: &mut impl Read) -> Result<(), UntarError> {
        let inner = inside(&entry.name)?;
        let Some(name) = inner.file_name().map(OsStr::to_owned) else {
            // The place itself.
            return Ok(());
        };
        if self.place.strict && entry.kind == Kind::Symlink {
            self.check_link(&inner, entry)?;
        }
        let path = self.place.base.join(&inner);
        if matches!(entry.kind, Kind::CharDevice | Kind::BlockDevice) {
            return Err(UntarError::Device(display(&entry.name)));
        }
        self.make(&path, &name, entry, data)
            .map_err(|error| match error {
                MakeError::Os(source) => UntarError::Os {
                    name: display(&entry.name),
                    source,
                },
                MakeError::Untar(error) => error,
            })
    }

    fn make(
        &mut self,
        path: &Path,
        name: &OsString,
        entry: &Entry,
        data: &mut impl Read,
    ) -> Result<(), MakeError> {
        let (uid, gid) = self.ids(entry)?;
        let place = self.place;
        let parent = self.parent(path)?;
        let mode = Mode::from_raw_mode(entry.mode & 0o7777);
        let there = super::look(parent, name)?;
        let merges = entry.kind == Kind::Directory
            && there.is_some_and(|stat| super::kind(&stat) == FileType::Directory);
        if let Some(there) = there
            && place.keeps_kinds
        {
            check_kinds(&there, path, entry, place.base).map_err(MakeError::Untar)?;
        }
        if there.is_some() && !merges {
            super::remove(parent, name, 0)?;
        }
        match entry.kind {
            Kind::Directory => {
                if !merges {
                    fs::mkdirat(parent, name, Mode::from_raw_mode(0o700))?;
                }
                let dir = super::enter(parent, name)?;
                fs::fchown(&dir, Some(uid), Some(gid))?;
                set_xattrs(dir.as_fd(), entry);
                fs::fchmod(&dir, mode)?;
                self.remember(path, entry);
            }
            Kind::File => {
                let flags = OFlags::WRONLY
                    | OFlags::CREATE
                    | OFlags::EXCL
                    | OFlags::NOFOLLOW
                    | OFlags::CLOEXEC;
                let file = fs::openat(parent, name, flags, Mode::from_raw_mode(0o600))?;
                let mut file = File::from(file);
                io::copy(&mut data.take(entry.size), &mut file)?;
                fs::fchown(&file, Some(uid), Some(gid))?;
                set_xattrs(file.as_fd(), entry);
                fs::fchmod(&file, mode)?;
                fs::futimens(&file, &times(entry))?;
            }
            Kind::Symlink => {
                fs::symlinkat(OsStr::from_bytes(&entry.link), parent, name)?;
                own(parent, name, uid, gid)?;
                fs::utimensat(parent, name, &times(entry), AtFlags::SYMLINK_NOFOLLOW)?;
            }
            Kind::HardLink => {
                let target = inside(&entry.link).map_err(|error| match place.strict {
                    true => MakeError::Untar(UntarError::Link {
                        what: "hardlink",
                        name: super::shown(path),
                        link: display(&entry.link),
                    }),
                    false => MakeError::Untar(error),
                })?;
                let target = place.base.join(target);
                let from = paths::open_in(
                    place.root,
                    target.parent().unwrap_or(Path::new(".")),
                    OFlags::PATH | OFlags::DIRECTORY,
                )?;
                let target = target.file_name().unwrap_or_default();
                fs::linkat(&from, target, parent, name, AtFlags::empty())?;
            }
            Kind::Fifo => {
                fs::mknodat(parent, name, FileType::Fifo, mode, 0)?;
                own(parent, name, uid, gid)?;
                fs::utimensat(parent, name, &times(entry), AtFlags::SYMLINK_NOFOLLOW)?;
            }
            Kind::CharDevice | Kind::BlockDevice | Kind::Other(_) => {}
        }
        Ok(())
    }

    fn parent(&mut self, path: &Path) -> io::Result<BorrowedFd<'_>> {
        let wanted = path.parent().unwrap_or(Path::new(""));
        if !matches!(&self.parent, Some((known, _)) if known == wanted) {
            let root = self.place.root;
            paths::make_dirs_in(root, wanted)?;
            self.parent = Some((wanted.to_owned(), super::open_dir(root, wanted)?));
        }
        Ok(self
            .parent
            .as_ref()
            .map_or(self.place.root, |(_, dir)| dir.as_fd()))
    }

    fn ids(&self, entry: &Entry) -> Result<(Uid, Gid), MakeError> {
        let (uid, gid) = match self.owner {
            Owner::Fixed(uid, gid) => (uid, gid),
            Owner::Archive => match (u16::try_from(entry.uid), u16::try_from(entry.gid)) {
                (Ok(uid), Ok(gid)) => (uid.into(), gid.into()),
                _ => {
                    return Err(MakeError::Untar(UntarError::Owner {
                        name: display(&entry.name),
                        uid: entry.uid,
                        gid: entry.gid,
                    }));
                }
            },
        };
        Ok((Uid::from_raw(uid), Gid::from_raw(gid)))
    }

    fn remember(&mut self, path: &Path, entry: &Entry) {
        self.remembered += path.as_os_str().len();
        if self.remembered <= REMEMBERED {
            self.directories.push((path.to_owned(), times(entry)));
        }
    }

    /// A link must not lead out of the place. An absolute one counts from the place, so it does not.
    fn check_link(&self, path: &Path, entry: &Entry) -> Result<(), UntarError> {
        if entry.link.starts_with(b"/") {
            return Ok(());
        }
        let dir = path.parent().unwrap_or(Path::new(""));
        let target = [dir.as_os_str().as_bytes(), b"/", &entry.link].concat();
        inside(&target).map(drop).map_err(|_| UntarError::Link {
            what: "symlink",
            name: super::shown(&self.place.base.join(path)),
            link: display(&entry.link),
        })
    }

    fn finish(&self) {
        for (path, times) in &self.directories {
            if let Ok(dir) = super::open_dir(self.place.root, path) {
                // One that was replaced since keeps the time it has.
                let _ = fs::futimens(dir, times);
            }
        }
    }
}

enum MakeError {
    Os(io::Error),
    Untar(UntarError),
}

impl<E: Into<io::Error>> From<E> for MakeError {
    fn from(error: E) -> Self {
        Self::Os(error.into())
    }
}

/// Those that a layer keeps.
fn set_xattrs(fd: BorrowedFd<'_>, entry: &Entry) {
    let kept = |(name, _): &&(Vec<u8>, Vec<u8>)| keeps_xattr(name);
    let xattrs: Vec<_> = entry.xattrs.iter().filter(kept).cloned().collect();
    dress::set_xattrs(fd, &xattrs);
}

fn own(dir: BorrowedFd<'_>, name: &OsStr, uid: Uid, gid: Gid) -> Result<(), Errno> {
    fs::chownat(dir, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
}

/// What is a directory stays one, and what is none never becomes one.
fn check_kinds(
    there: &fs::Stat,
    path: &Path,
    entry: &Entry,
    base: &Path,
) -> Result<(), UntarError> {
    const NAMES: [&str; 2] = ["non-directory", "directory"];
    let was = super::kind(there) == FileType::Directory;
    let is = entry.kind == Kind::Directory;
    if was == is {
        return Ok(());
    }
    Err(UntarError::Kinds {
        there: NAMES[usize::from(was)],
        path: super::shown(path),
        new: NAMES[usize::from(is)],
        name: super::shown(base),
    })
}

/// The path that a name means, from where it is unpacked; one that leads out is refused.
fn inside(name: &[u8]) -> Result<PathBuf, UntarError> {
    let mut path = PathBuf::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if path.pop() => {}
            b".." => return Err(UntarError::Escapes(display(name))),
            part => path.push(OsString::from_vec(part.to_vec())),
        }
    }
    Ok(path)
}

fn times(entry: &Entry) -> Timestamps {
    let time = Timespec {
        tv_sec: entry.mtime,
        tv_nsec: entry.mtime_nanos.into(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

fn display(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn within(what: &'static str, count: u64, limit: u64) -> Result<(), UntarError> {
    if count > limit {
        return Err(UntarError::TooMuch { what, limit });
    }
    Ok(())
}
