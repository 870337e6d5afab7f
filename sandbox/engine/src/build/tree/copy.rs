//! Sources into an image's file system, with Docker's rules for what goes where.

use std::{
    cell::RefCell,
    collections::HashMap,
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat, fstat},
    io::Errno,
};

use super::{
    data,
    dress::{self, Dress},
    find::Source,
    place::{Conflicts, PutError, Target},
    resolve::read_link,
    walk::{Directory, Entry, Visit, WalkError, walk},
};

impl Target<'_> {
    /// Copies one source: what is in a directory, or a file, to the path or into it.
    ///
    /// # Errors
    /// When a file cannot be read or made, or is in the way.
    pub(crate) fn copy(&self, root: BorrowedFd<'_>, source: &Source) -> Result<(), PutError> {
        let from = || source.open(root).map_err(PutError::os(&source.path));
        if source.is_dir() {
            let at = self.directory()?;
            let from = from()?;
            let mut copier = Copier::new(self, at.path(), at.dir())?;
            walk(from.as_fd(), &source.filter, &mut copier)?;
            return copier.settle(&source.stat);
        }
        let place = self.file(&source.name)?;
        let copier = Copier::new(self, place.at.path(), place.at.dir())?;
        let spot = copier.spot(&place.name, copier.base.join(&place.name));
        match super::kind(&source.stat) {
            FileType::RegularFile => {
                let from = File::from(from()?);
                let stat = fstat(&from).map_err(|error| spot.failed(error))?;
                copier.regular(&from, &stat, &spot)
            }
            _ => copier.node(&source.stat, &spot),
        }
    }
}

/// Makes the files of one source.
struct Copier<'a> {
    dress: &'a Dress,
    conflicts: Conflicts,
    /// The directory that the source goes into, for messages.
    base: PathBuf,
    top: BorrowedFd<'a>,
    /// New files of it get its group, not their maker's.
    top_sets_group: bool,
    /// The directories below it that lead to the one being filled.
    open: Vec<Opened>,
    /// The copies of files that have several names: by device and number, from the top.
    links: RefCell<HashMap<(u64, u64), PathBuf>>,
    buffer: RefCell<Vec<u8>>,
    umask: u32,
    own_ids: (u32, u32),
}

struct Opened {
    fd: OwnedFd,
    sets_group: bool,
    /// It was not there, or the source's mode and owner become its own.
    dressed: bool,
}

/// Where a file is to be.
struct Spot<'a> {
    dir: BorrowedFd<'a>,
    sets_group: bool,
    name: &'a OsStr,
    /// From the root, for messages.
    path: PathBuf,
}

impl Spot<'_> {
    fn failed(&self, error: impl Into<io::Error>) -> PutError {
        PutError::os(&self.path)(error.into())
    }
}

impl<'a> Copier<'a> {
    fn new(target: &'a Target<'_>, base: PathBuf, top: BorrowedFd<'a>) -> Result<Self, PutError> {
        Ok(Self {
            dress: target.dress,
            conflicts: target.conflicts,
            umask: umask().map_err(PutError::os(&base))?,
            top_sets_group: sets_group(top).map_err(PutError::os(&base))?,
            base,
            top,
            open: Vec::new(),
            links: RefCell::default(),
            buffer: RefCell::new(vec![0; data::BUFFER]),
            own_ids: (
                rustix::process::geteuid().as_raw(),
                rustix::process::getegid().as_raw(),
            ),
        })
    }

    /// A name in the directory that is being filled.
    fn spot<'b>(&'b self, name: &'b OsStr, path: PathBuf) -> Spot<'b> {
        let (dir, sets_group) = match self.open.last() {
            Some(open) => (open.fd.as_fd(), open.sets_group),
            None => (self.top, self.top_sets_group),
        };
        Spot {
            dir,
            sets_group,
            name,
            path,
        }
    }

    fn path(&self, below: &[u8]) -> PathBuf {
        self.base.join(OsStr::from_bytes(below))
    }

    /// The content's time is the directory's, as newer BuildKits have it; the classic builder leaves it.
    fn settle(&self, stat: &Stat) -> Result<(), PutError> {
        if self.conflicts == Conflicts::Replace {
            return Ok(());
        }
        // The root of a mount may be known by a descriptor that only refers to it.
        super::enter(self.top, OsStr::new("."))
            .and_then(|top| Ok(fs::futimens(top, &dress::times(stat))?))
            .map_err(PutError::os(&self.base))
    }

    /// Makes something that is no directory, in the place of what has its name.
    fn fresh<T>(
        &self,
        spot: &Spot<'_>,
        make: impl Fn() -> Result<T, Errno>,
    ) -> Result<T, PutError> {
        match make() {
            Err(Errno::EXIST) => {}
            other => return other.map_err(|error| spot.failed(error)),
        }
        match fs::unlinkat(spot.dir, spot.name, AtFlags::empty()) {
            Ok(()) => {}
            Err(Errno::ISDIR) if self.conflicts == Conflicts::Refuse => {
                return Err(PutError::OntoDirectory(super::shown(&spot.path)));
            }
            Err(Errno::ISDIR) => {
                super::remove(spot.dir, spot.name, 0).map_err(|error| spot.failed(error))?
            }
            Err(error) => return Err(spot.failed(error)),
        }
        make().map_err(|error| spot.failed(error))
    }

    /// Makes a directory, unless it is there; whether it was not.
    fn directory(&self, spot: &Spot<'_>) -> Result<bool, PutError> {
        let make = || fs::mkdirat(spot.dir, spot.name, Mode::RWXU);
        match make() {
            Ok(()) => return Ok(true),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(spot.failed(error)),
        }
        let there = super::look(spot.dir, spot.name).map_err(|error| spot.failed(error))?;
        if there.is_some_and(|stat| super::kind(&stat) == FileType::Directory) {
            return Ok(false);
        }
        if self.conflicts == Conflicts::Refuse {
            return Err(PutError::OntoFile(super::shown(&spot.path)));
        }
        super::remove(spot.dir, spot.name, 0).map_err(|error| spot.failed(error))?;
        make().map_err(|error| spot.failed(error))?;
        Ok(true)
    }

    /// A new regular file with all that its source is.
    fn regular(&self, from: &File, stat: &Stat, spot: &Spot<'_>) -> Result<(), PutError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let bits = self.dress.bits(stat);
        // What the umask takes, or a change of owner would, is set below.
        let mode = Mode::from_raw_mode(bits & 0o777);
        let made = self.fresh(spot, || {
            fs::openat(spot.dir, spot.name, flags | OFlags::CLOEXEC, mode)
        })?;
        let made = File::from(made);
        let filled = || -> io::Result<()> {
            data::copy(from, &made, stat, &mut self.buffer.borrow_mut())?;
            let xattrs = dress::xattrs(from.as_fd())?;
            let plain = self.dress.ids(stat) == self.own_ids
                && bits & (self.umask | 0o7000) == 0
                && xattrs.is_empty()
                && !spot.sets_group;
            match plain {
                true => Ok(fs::futimens(&made, &dress::times(stat))?),
                false => self.dress.put_on(made.as_fd(), stat, &xattrs),
            }
        };
        filled().map_err(|error| spot.failed(error))
    }

    /// A pipe. Sockets and devices are nothing that an image holds.
    fn node(&self, stat: &Stat, spot: &Spot<'_>) -> Result<(), PutError> {
        if super::kind(stat) != FileType::Fifo {
            return Ok(());
        }
        let mode = Mode::from_raw_mode(self.dress.bits(stat));
        self.fresh(spot, || {
            fs::mknodat(spot.dir, spot.name, FileType::Fifo, mode, 0)
        })?;
        let dressed = || -> io::Result<()> {
            self.dress.put_on_node(spot.dir, spot.name, stat)?;
            Ok(fs::chmodat(spot.dir, spot.name, mode, AtFlags::empty())?)
        };
        dressed().map_err(|error| spot.failed(error))
    }

    fn symlink(&self, entry: &Entry<'_>, stat: &Stat, spot: &Spot<'_>) -> Result<(), PutError> {
        let link = read_link(entry.dir, entry.name).map_err(|error| spot.failed(error))?;
        self.fresh(spot, || fs::symlinkat(&link, spot.dir, spot.name))?;
        let dressed = self.dress.put_on_node(spot.dir, spot.name, stat);
        dressed.map_err(|error| spot.failed(error))
    }

    /// A regular file of a directory: another name of one that was copied already, or its bytes.
    fn linked(&self, entry: &Entry<'_>, spot: &Spot<'_>) -> Result<(), PutError> {
        let opened = super::open_file(entry.dir, entry.name)
            .and_then(|file| Ok((fstat(&file)?, file)))
            .map_err(|error| spot.failed(error));
        let (stat, from) = opened?;
        if super::kind(&stat) != FileType::RegularFile {
            return Err(spot.failed(Errno::STALE));
        }
        if stat.st_nlink > 1 {
            let path = PathBuf::from(OsStr::from_bytes(entry.path));
            let first = self
                .links
                .borrow()
                .get(&(stat.st_dev, stat.st_ino))
                .cloned();
            match first.as_deref().map(|first| self.made_before(first)) {
                Some(Some((dir, name))) => {
                    let link = || fs::linkat(&dir, &name, spot.dir, spot.name, AtFlags::empty());
                    return self.fresh(spot, link);
                }
                Some(None) => {}
                None => drop(
                    self.links
                        .borrow_mut()
                        .insert((stat.st_dev, stat.st_ino), path),
                ),
            }
        }
        self.regular(&from, &stat, spot)
    }

    fn made_before(&self, path: &Path) -> Option<(OwnedFd, OsString)> {
        let dir = super::descend(self.top, path.parent()?)?;
        Some((dir, path.file_name()?.into()))
    }
}

impl Visit for Copier<'_> {
    type Error = PutError;

    fn enter(&mut self, dir: &Directory<'_>) -> Result<(), PutError> {
        let spot = self.spot(dir.name, self.path(dir.path));
        let made = self.directory(&spot)?;
        let opened = super::enter(spot.dir, dir.name)
            .and_then(|fd| Ok((sets_group(fd.as_fd())?, fd)))
            .map_err(|error| spot.failed(error));
        let (sets_group, fd) = opened?;
        self.open.push(Opened {
            fd,
            sets_group,
            dressed: made || dir.taken,
        });
        Ok(())
    }

    /// Only now, since making files in a directory changes its time.
    fn leave(&mut self, dir: &Directory<'_>) -> Result<(), PutError> {
        match self.open.pop() {
            Some(open) if open.dressed => dress::xattrs(dir.fd)
                .and_then(|xattrs| self.dress.put_on(open.fd.as_fd(), dir.stat, &xattrs))
                .map_err(PutError::os(self.path(dir.path))),
            _ => Ok(()),
        }
    }

    fn file(&mut self, entry: &Entry<'_>) -> Result<(), PutError> {
        let spot = self.spot(entry.name, self.path(entry.path));
        if entry.kind == FileType::RegularFile {
            return self.linked(entry, &spot);
        }
        let stat = super::look(entry.dir, entry.name).map_err(|error| spot.failed(error))?;
        match stat {
            Some(stat) if super::kind(&stat) == FileType::Symlink => {
                self.symlink(entry, &stat, &spot)
            }
            Some(stat) => self.node(&stat, &spot),
            None => Ok(()),
        }
    }
}

impl From<WalkError> for PutError {
    fn from(error: WalkError) -> Self {
        Self::os(OsStr::from_bytes(&error.path))(error.source)
    }
}

fn sets_group(dir: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(fstat(dir)?.st_mode & 0o2000 != 0)
}

/// The process's umask, which only setting it would tell otherwise.
fn umask() -> io::Result<u32> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    let mask = line.and_then(|text| u32::from_str_radix(text.trim(), 8).ok());
    Ok(mask.unwrap_or(0o777))
}
