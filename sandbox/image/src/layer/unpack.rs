//! Applying a layer's tar stream to an empty directory.

use std::{
    fs::File,
    io::{self, Read, Seek as _, Write as _},
    os::fd::{AsFd as _, BorrowedFd},
};

use rustix::fs::{FileType, Stat};

use super::{
    LAST_ID, Limits,
    name::{self, Meaning, Path},
    place::Place,
    split::Recorder,
};
use crate::{
    LayerError,
    tar::{Entry, Kind, Reader},
};

/// Notes that are kept; the rest would only repeat them.
const MAX_NOTES: usize = 20;
/// Bytes of a file that are written at a time, and the least that becomes a hole.
const BLOCK: usize = 64 << 10;
/// Bytes of directory names that are remembered to set their times at the end.
const MAX_REMEMBERED: u64 = 32 << 20;

/// What a layer held.
#[derive(Debug, Default)]
pub struct Unpacked {
    /// Files of any kind.
    pub entries: u64,
    /// Bytes in regular files and symbolic links: a layer's size as Docker counts it.
    pub size: u64,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// Unpacks a layer's uncompressed tar stream into `root`, which must be an empty directory that nobody else writes.
/// Reads to the archive's end, not to the stream's.
///
/// # Errors
/// At the first entry that is hostile, over a bound, or cannot be made. What was unpacked by then stays.
pub fn unpack(
    stream: impl Read,
    root: BorrowedFd<'_>,
    limits: &Limits,
) -> Result<Unpacked, LayerError> {
    unpack_recorded(&mut Recorder::idle(stream), root, root, limits)
}

/// As [`unpack`], while `stream` keeps what the directory cannot. What a later entry replaces goes to `replaced`,
/// another empty directory of the same file system.
///
/// # Errors
/// As there.
pub fn unpack_recorded(
    stream: &mut Recorder<impl Read>,
    root: BorrowedFd<'_>,
    replaced: BorrowedFd<'_>,
    limits: &Limits,
) -> Result<Unpacked, LayerError> {
    let mut unpacker = Unpacker {
        place: Place::new(root),
        replaced,
        limits,
        done: Unpacked::default(),
        dirs: Vec::new(),
        remembered: 0,
    };
    let mut reader = Reader::new(stream);
    while let Some(entry) = reader.next()? {
        unpacker.entry(&entry, &mut reader)?;
    }
    for dir in &unpacker.dirs {
        unpacker.place.set_dir_time(&dir.path, dir.mtime, dir.nanos);
    }
    Ok(unpacker.done)
}

struct Unpacker<'a> {
    place: Place<'a>,
    replaced: BorrowedFd<'a>,
    limits: &'a Limits,
    done: Unpacked,
    dirs: Vec<DirTime>,
    remembered: u64,
}

struct DirTime {
    path: Vec<u8>,
    mtime: i64,
    nanos: u32,
}

impl Unpacker<'_> {
    fn entry(&mut self, entry: &Entry, data: &mut Data<'_, impl Read>) -> Result<(), LayerError> {
        self.done.entries += 1;
        within("files", self.done.entries, self.limits.entries)?;
        self.done.size += entry.size;
        within("bytes", self.done.size, self.limits.bytes)?;
        if entry.uid > LAST_ID || entry.gid > LAST_ID {
            let name = String::from_utf8_lossy(&entry.name);
            let (uid, gid) = (entry.uid, entry.gid);
            self.note(format!("{name} is nobody's: a sandbox has no {uid}:{gid}"));
        }
        match name::meaning(&entry.name)? {
            Meaning::Root => self.root(entry),
            Meaning::Private => Ok(()),
            Meaning::Opaque(dir) => {
                self.within_depth(dir.len())?;
                self.place.make_opaque(&dir)
            }
            Meaning::Whiteout(path) => {
                self.within_depth(path.parents.len())?;
                self.whiteout(&path)
            }
            Meaning::File(path) => {
                self.within_depth(path.parents.len())?;
                self.file(&path, entry, data)
            }
        }
    }

    /// The root's own owner and mode; some layers carry it, most do not.
    fn root(&mut self, entry: &Entry) -> Result<(), LayerError> {
        if entry.kind != Kind::Directory {
            return Err(LayerError::Entry {
                name: String::from_utf8_lossy(&entry.name).into(),
                reason: "the root of a layer is a directory",
            });
        }
        let root = self
            .place
            .dir(&[])?
            .try_clone_to_owned()
            .map_err(|error| LayerError::os("open", b".", error))?;
        self.place.dress(root.as_fd(), entry)?;
        self.remember(Vec::new(), entry)
    }

    /// Hides a file of the layers below. One that this layer has itself stays, and hides it by being there; if it is
    /// a directory, it must not show what is below.
    fn whiteout(&mut self, path: &Path<'_>) -> Result<(), LayerError> {
        match self.place.stat(path)? {
            None => self.place.make_whiteout(path),
            Some(stat) if is_dir(&stat) => self.make_opaque(path),
            Some(_) => Ok(()),
        }
    }

    fn make_opaque(&mut self, path: &Path<'_>) -> Result<(), LayerError> {
        let mut components = path.parents.clone();
        components.push(path.last);
        self.place.make_opaque(&components)
    }

    fn file(
        &mut self,
        path: &Path<'_>,
        entry: &Entry,
        data: &mut Data<'_, impl Read>,
    ) -> Result<(), LayerError> {
        let before = self.place.stat(path)?;
        let replaced = match &before {
            // A directory over a directory changes it; all else replaces what is there.
            Some(stat) if is_dir(stat) && entry.kind == Kind::Directory => false,
            Some(_) if is_made(entry.kind) => {
                self.replace(path, data)?;
                true
            }
            _ => false,
        };
        match entry.kind {
            Kind::Directory => {
                let dir = self.place.make_dir(path)?;
                self.place.dress(dir.as_fd(), entry)?;
                self.remember(path.joined(), entry)?;
                let hid = |stat: &Stat| {
                    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
                };
                if replaced && before.as_ref().is_some_and(hid) {
                    self.make_opaque(path)?;
                }
            }
            Kind::File => {
                let mut file = File::from(self.place.make_file(path)?);
                data.stream()
                    .leave_out(entry.size, &path.joined())
                    .and_then(|()| fill(&mut file, data, entry.size))
                    .map_err(|error| LayerError::os("write", &entry.name, error))?;
                self.place.dress(file.as_fd(), entry)?;
            }
            Kind::HardLink => {
                let target = name::link_target(&entry.link)?;
                self.place.make_hard_link(path, &target)?;
            }
            Kind::Symlink => {
                self.done.size += entry.link.len() as u64;
                self.place.make_symlink(path, &entry.link)?;
                self.place.dress_node(path, entry)?;
            }
            Kind::Fifo => {
                self.place.make_fifo(path)?;
                self.place.dress_node(path, entry)?;
            }
            Kind::CharDevice | Kind::BlockDevice => self.left_out(entry, "a device"),
            Kind::Other(_) => self.left_out(entry, "of an unknown kind"),
        }
        Ok(())
    }

    fn replace(
        &mut self,
        path: &Path<'_>,
        data: &mut Data<'_, impl Read>,
    ) -> Result<(), LayerError> {
        let number = data
            .stream()
            .replace(&path.joined())
            .map_err(|error| LayerError::os("replace", &path.joined(), error))?;
        match number {
            None => self.place.remove(path),
            Some(number) => self.place.move_aside(path, self.replaced, number),
        }
    }

    fn left_out(&mut self, entry: &Entry, what: &str) {
        let name = String::from_utf8_lossy(&entry.name);
        self.note(format!("left out {name}: it is {what}"));
    }

    fn note(&mut self, note: String) {
        if self.done.notes.len() < MAX_NOTES {
            self.done.notes.push(note);
        }
    }

    fn remember(&mut self, path: Vec<u8>, entry: &Entry) -> Result<(), LayerError> {
        self.remembered += path.len() as u64;
        within("bytes of directory names", self.remembered, MAX_REMEMBERED)?;
        self.dirs.push(DirTime {
            path,
            mtime: entry.mtime,
            nanos: entry.mtime_nanos,
        });
        Ok(())
    }

    fn within_depth(&self, depth: usize) -> Result<(), LayerError> {
        within(
            "directories inside each other",
            depth as u64,
            self.limits.depth as u64,
        )
    }
}

/// The data of the present entry.
type Data<'a, R> = Reader<&'a mut Recorder<R>>;

/// Writes the next `size` bytes of `data` into a new file; blocks of zeros become holes, which take no storage.
fn fill(file: &mut File, data: &mut impl Read, size: u64) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK.min(usize::try_from(size).unwrap_or(BLOCK))];
    let mut left = size;
    while left > 0 {
        let count = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        let block = &mut buffer[..count];
        data.read_exact(block)?;
        if block.iter().all(|&byte| byte == 0) {
            file.seek_relative(count as i64)?;
        } else {
            file.write_all(block)?;
        }
        left -= count as u64;
    }
    // A hole at the end is none until the file is that long.
    file.set_len(size)
}

/// Whether we make anything of such an entry. What is only noted must not take away what is there.
fn is_made(kind: Kind) -> bool {
    !matches!(kind, Kind::CharDevice | Kind::BlockDevice | Kind::Other(_))
}

fn is_dir(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

fn within(what: &'static str, count: u64, limit: u64) -> Result<(), LayerError> {
    if count > limit {
        return Err(LayerError::TooMuch { what, limit });
    }
    Ok(())
}
