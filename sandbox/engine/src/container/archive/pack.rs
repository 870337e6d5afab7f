//! Files into a tar stream, as Docker orders and names them. The tree may change meanwhile.

use std::{
    collections::HashMap,
    ffi::{CString, OsStr},
    fs::File,
    io::{self, Read as _, Write},
    os::{
        fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
};

use drydock_image::tar::{Entry, Kind, Writer};
use drydock_runtime::paths;
use rustix::{
    fs::{self, FileType, Mode, OFlags, Stat},
    io::Errno,
};

use super::path::Place;

/// Directories inside each other at most.
const MAX_DEPTH: usize = 256;
/// Names in one directory at most: they are sorted in memory.
const MAX_NAMES: usize = 200_000;
/// Files with several names that are told as such; more are packed once a name.
const MAX_LINKS: usize = 20_000;
/// The one attribute that Docker carries.
const CAPABILITY: &str = "security.capability";

/// Packs what is at `place`, under its name.
///
/// # Errors
/// It is gone, or the stream's reader is.
pub(crate) fn pack(root: BorrowedFd<'_>, place: &Place, out: impl Write) -> io::Result<()> {
    let mut walk = Walk::new(out);
    let name = place.name.as_bytes();
    match &place.base {
        None => {
            let dir = paths::open_in(root, &place.dir, OFlags::RDONLY | OFlags::DIRECTORY)?;
            let stat = fs::fstat(&dir)?;
            walk.directory(&dir, name, &stat, 0)?;
        }
        Some(base) => {
            let dir = paths::open_in(root, &place.dir, OFlags::PATH | OFlags::DIRECTORY)?;
            let base = CString::new(base.as_bytes())?;
            walk.any(dir.as_fd(), &base, name, 0)?;
        }
    }
    walk.out.finish().map(drop)
}

/// Packs all that is below `root`, but not the root itself.
///
/// # Errors
/// As [`pack`].
pub(crate) fn pack_all(root: BorrowedFd<'_>, out: impl Write) -> io::Result<()> {
    let mut walk = Walk::new(out);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let dir = paths::open_in(root, ".".as_ref(), flags)?;
    walk.inside(&dir, b"", 0)?;
    walk.out.finish().map(drop)
}

struct Walk<W> {
    out: Writer<W>,
    /// The first name of each file that has several.
    links: HashMap<(u64, u64), Vec<u8>>,
    buffer: Vec<u8>,
}

impl<W: Write> Walk<W> {
    fn new(out: W) -> Self {
        Self {
            out: Writer::new(out),
            links: HashMap::new(),
            buffer: vec![0; 64 << 10],
        }
    }

    /// A directory, and all in it.
    fn directory(
        &mut self,
        dir: &OwnedFd,
        name: &[u8],
        stat: &Stat,
        depth: usize,
    ) -> io::Result<()> {
        let prefix = match name {
            b"/" => name.to_vec(),
            _ => [name, b"/"].concat(),
        };
        let mut entry = entry(prefix.clone(), Kind::Directory, stat);
        entry.xattrs = capability(dir.as_fd());
        self.out.start(&entry)?;
        self.inside(dir, &prefix, depth + 1)
    }

    fn inside(&mut self, dir: &OwnedFd, prefix: &[u8], depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(Errno::NAMETOOLONG.into());
        }
        for name in names(dir)? {
            let full = [prefix, name.as_bytes()].concat();
            self.any(dir.as_fd(), &name, &full, depth)?;
        }
        Ok(())
    }

    /// One name of a directory; what has gone since it was listed is left out, as is what cannot be opened.
    fn any(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &CString,
        full: &[u8],
        depth: usize,
    ) -> io::Result<()> {
        // Only to refer to it: opening for reading could wait for a writer, or wake a device.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = match fs::openat(dir, name, flags, Mode::empty()) {
            Ok(found) => found,
            Err(Errno::NOENT) if depth > 0 => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let stat = fs::fstat(&found)?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                return match fs::openat(&found, c".", flags, Mode::empty()) {
                    Ok(inner) => self.directory(&inner, full, &stat, depth),
                    Err(_) if depth > 0 => Ok(()),
                    Err(error) => Err(error.into()),
                };
            }
            FileType::RegularFile => Kind::File,
            FileType::Symlink => Kind::Symlink,
            FileType::CharacterDevice => Kind::CharDevice,
            FileType::BlockDevice => Kind::BlockDevice,
            FileType::Fifo => Kind::Fifo,
            FileType::Socket | FileType::Unknown => return Ok(()),
        };
        let mut entry = entry(full.to_vec(), kind, &stat);
        if stat.st_nlink > 1 {
            if let Some(first) = self.links.get(&(stat.st_dev, stat.st_ino)) {
                entry.kind = Kind::HardLink;
                entry.link.clone_from(first);
                return self.out.start(&entry);
            }
            if self.links.len() < MAX_LINKS {
                let inode = (stat.st_dev, stat.st_ino);
                self.links.insert(inode, entry.name.clone());
            }
        }
        match kind {
            Kind::File => return self.regular(&found, entry, &stat),
            Kind::Symlink => entry.link = fs::readlinkat(&found, c"", Vec::new())?.into_bytes(),
            Kind::CharDevice | Kind::BlockDevice => {
                entry.device = (fs::major(stat.st_rdev), fs::minor(stat.st_rdev));
            }
            _ => {}
        }
        self.out.start(&entry)
    }

    fn regular(&mut self, found: &OwnedFd, mut entry: Entry, stat: &Stat) -> io::Result<()> {
        entry.size = u64::try_from(stat.st_size).unwrap_or(0);
        if entry.size == 0 {
            return self.out.start(&entry);
        }
        // By the descriptor, so that it is the file that was looked at.
        let file = match File::open(format!("/proc/self/fd/{}", found.as_raw_fd())) {
            Ok(file) => file,
            Err(error) => {
                let name = OsStr::from_bytes(&entry.name).display();
                tracing::debug!(%error, %name, "a file is left out of an archive");
                return Ok(());
            }
        };
        entry.xattrs = capability(file.as_fd());
        self.out.start(&entry)?;
        // A file that shrinks while it is read is filled up with zeros, as its size was told already.
        let mut data = file.chain(io::repeat(0)).take(entry.size);
        loop {
            match data.read(&mut self.buffer)? {
                0 => return Ok(()),
                count => self.out.write_all(&self.buffer[..count])?,
            }
        }
    }
}

/// The names in a directory, sorted by their bytes.
pub(super) fn names(dir: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in fs::Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
        if names.len() > MAX_NAMES {
            return Err(io::Error::other("a directory has too many files"));
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn capability(file: BorrowedFd<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut value = [0; 64];
    match fs::fgetxattr(file, CAPABILITY, &mut value[..]) {
        Ok(n) => vec![(CAPABILITY.into(), value[..n].to_vec())],
        Err(_) => Vec::new(),
    }
}

fn entry(name: Vec<u8>, kind: Kind, stat: &Stat) -> Entry {
    let mut entry = Entry::new(name, kind, stat.st_mode & 0o7777);
    entry.uid = stat.st_uid.into();
    entry.gid = stat.st_gid.into();
    entry.mtime = stat.st_mtime;
    entry
}
