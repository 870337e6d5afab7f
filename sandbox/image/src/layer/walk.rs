//! A directory's tar stream, in one canonical order: names sorted by their bytes, a directory before what is in it.

use std::{
    collections::HashMap,
    ffi::CString,
    fs::File,
    io::{self, Read as _, Write},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    rc::Rc,
};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat};

use super::{Limits, xattr};
use crate::{
    LayerError,
    tar::{Entry, Kind, Writer},
};

/// What a directory held.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// Files of any kind.
    pub entries: u64,
    /// Bytes in regular files and symbolic links, each counted once however many names it has, as Docker counts.
    pub size: u64,
}

/// Writes the layer tar stream of an overlay's upper directory. It says nothing of the directory itself. Sockets are
/// left out, as Docker leaves them out.
///
/// # Errors
/// When the directory is over a bound or cannot be read, or writing fails.
pub fn write_tar(
    root: BorrowedFd<'_>,
    out: &mut impl Write,
    limits: &Limits,
) -> Result<Walked, LayerError> {
    let mut walk = Walk {
        out: Writer::new(out),
        limits,
        done: Walked::default(),
        links: HashMap::new(),
        open: Vec::new(),
        path: Vec::new(),
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = fs::openat(root, c".", flags, Mode::empty())
        .map_err(|error| LayerError::os("open", b".", error))?;
    walk.enter(root)?;
    while walk.step()? {}
    let Walk {
        out, done, path, ..
    } = walk;
    out.finish()
        .map_err(|error| LayerError::os("write", &path, error))?;
    Ok(done)
}

struct Walk<'a, W> {
    out: Writer<W>,
    limits: &'a Limits,
    done: Walked,
    /// The first name of each file that has several.
    links: HashMap<(u64, u64), Vec<u8>>,
    open: Vec<OpenDir>,
    /// Of the directory that is being listed; ends in a slash unless empty.
    path: Vec<u8>,
}

struct OpenDir {
    fd: Rc<OwnedFd>,
    /// Its names, sorted backwards: the next one is the last.
    names: Vec<CString>,
    /// Of its path, with the closing slash.
    path_length: usize,
}

impl<W: Write> Walk<'_, W> {
    fn enter(&mut self, fd: OwnedFd) -> Result<(), LayerError> {
        if self.open.len() > self.limits.depth {
            return Err(LayerError::TooMuch {
                what: "directories inside each other",
                limit: self.limits.depth as u64,
            });
        }
        let failed = |error| LayerError::os("list", &self.path, error);
        let mut names = Vec::new();
        for entry in fs::Dir::read_from(&fd).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_owned();
            if !matches!(name.as_bytes(), b"." | b"..") {
                names.push(name);
            }
            // Also bounds what the list takes in memory.
            if self.done.entries + names.len() as u64 > self.limits.entries {
                return Err(LayerError::TooMuch {
                    what: "files",
                    limit: self.limits.entries,
                });
            }
        }
        names.sort_unstable_by(|a, b| b.cmp(a));
        self.open.push(OpenDir {
            fd: Rc::new(fd),
            names,
            path_length: self.path.len(),
        });
        Ok(())
    }

    /// One name of the innermost directory; false when all is done.
    fn step(&mut self) -> Result<bool, LayerError> {
        let Some(dir) = self.open.last_mut() else {
            return Ok(false);
        };
        let Some(name) = dir.names.pop() else {
            self.open.pop();
            let above = self.open.last().map_or(0, |dir| dir.path_length);
            self.path.truncate(above);
            return Ok(true);
        };
        self.done.entries += 1;
        let full = [&self.path, name.as_bytes()].concat();
        let dir = Rc::clone(&dir.fd);
        self.file(&dir, &name, full)?;
        Ok(true)
    }

    fn file(&mut self, dir: &OwnedFd, name: &CString, full: Vec<u8>) -> Result<(), LayerError> {
        let stat = fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| LayerError::os("look at", &full, error))?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => return self.directory(dir, name, full, &stat),
            FileType::CharacterDevice if stat.st_rdev == 0 => {
                return self.hider(name.as_bytes());
            }
            FileType::RegularFile => Kind::File,
            FileType::Symlink => Kind::Symlink,
            FileType::CharacterDevice => Kind::CharDevice,
            FileType::BlockDevice => Kind::BlockDevice,
            FileType::Fifo => Kind::Fifo,
            FileType::Socket | FileType::Unknown => return Ok(()),
        };
        let mut entry = entry(full, kind, &stat);
        if stat.st_nlink > 1 {
            if let Some(first) = self.links.get(&(stat.st_dev, stat.st_ino)) {
                entry.kind = Kind::HardLink;
                entry.link.clone_from(first);
                return self.start(&entry);
            }
            self.links
                .insert((stat.st_dev, stat.st_ino), entry.name.clone());
        }
        match kind {
            Kind::File => self.regular(dir, name, entry, &stat),
            Kind::Symlink => {
                let failed = |error| LayerError::os("read the link", &entry.name, error);
                let target = fs::readlinkat(dir, name, Vec::new()).map_err(failed)?;
                entry.link = target.into_bytes();
                self.done.size += entry.link.len() as u64;
                self.start(&entry)
            }
            Kind::CharDevice | Kind::BlockDevice => {
                entry.device = (fs::major(stat.st_rdev), fs::minor(stat.st_rdev));
                self.start(&entry)
            }
            _ => self.start(&entry),
        }
    }

    fn directory(
        &mut self,
        dir: &OwnedFd,
        name: &CString,
        mut full: Vec<u8>,
        stat: &Stat,
    ) -> Result<(), LayerError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = fs::openat(dir, name, flags, Mode::empty())
            .map_err(|error| LayerError::os("open", &full, error))?;
        let (xattrs, opaque) = xattr::read(fd.as_fd(), self.limits.xattr_bytes)
            .map_err(|error| LayerError::os("read the attributes of", &full, error))?;
        full.push(b'/');
        let mut entry = entry(full.clone(), Kind::Directory, stat);
        entry.xattrs = xattrs;
        self.start(&entry)?;
        self.path = full;
        self.enter(fd)?;
        if opaque {
            self.hider(b".wh..opq")?;
        }
        Ok(())
    }

    fn regular(
        &mut self,
        dir: &OwnedFd,
        name: &CString,
        mut entry: Entry,
        stat: &Stat,
    ) -> Result<(), LayerError> {
        // NONBLOCK: should it have become a pipe since, opening must not wait.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = fs::openat(dir, name, flags, Mode::empty())
            .map_err(|error| LayerError::os("open", &entry.name, error))?;
        entry.size = u64::try_from(stat.st_size).unwrap_or(0);
        self.done.size += entry.size;
        if self.done.size > self.limits.bytes {
            return Err(LayerError::TooMuch {
                what: "bytes",
                limit: self.limits.bytes,
            });
        }
        (entry.xattrs, _) = xattr::read(fd.as_fd(), self.limits.xattr_bytes)
            .map_err(|error| LayerError::os("read the attributes of", &entry.name, error))?;
        self.start(&entry)?;
        // A file that shrinks while it is read is filled up with zeros, as its size was told already.
        let mut data = File::from(fd).chain(io::repeat(0)).take(entry.size);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = data
                .read(&mut buffer)
                .map_err(|error| LayerError::os("read", &entry.name, error))?;
            if count == 0 {
                return Ok(());
            }
            self.out
                .write_all(&buffer[..count])
                .map_err(|error| LayerError::os("write", &entry.name, error))?;
        }
    }

    /// An empty file whose name says that something below is hidden.
    fn hider(&mut self, hidden: &[u8]) -> Result<(), LayerError> {
        let name = [self.path.as_slice(), b".wh.", hidden].concat();
        self.start(&Entry::new(name, Kind::File, 0o600))
    }

    fn start(&mut self, entry: &Entry) -> Result<(), LayerError> {
        self.out
            .start(entry)
            .map_err(|error| LayerError::os("write", &entry.name, error))
    }
}

fn entry(name: Vec<u8>, kind: Kind, stat: &Stat) -> Entry {
    let mut entry = Entry::new(name, kind, stat.st_mode & 0o7777);
    entry.uid = stat.st_uid.into();
    entry.gid = stat.st_gid.into();
    entry.mtime = stat.st_mtime;
    entry
}
