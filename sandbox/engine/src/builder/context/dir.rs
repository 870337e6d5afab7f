//! One build context: a directory, and what is known of its files.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Component, Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use drydock_api::build::{ContextEntry, ContextKind};
use rustix::fs::{FileType, Mode, Timespec, Timestamps};

use crate::{
    build::{
        decompress,
        tree::{
            self,
            untar::{self, Limits, Owner},
        },
    },
    error::EngineError,
};

/// A build context. It goes with all in it when it is dropped.
#[derive(Debug)]
pub(in crate::builder) struct ContextDir {
    path: PathBuf,
    root: OwnedFd,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    files: BTreeMap<String, KnownFile>,
    /// Directories need their times set again.
    stale: bool,
}

#[derive(Debug)]
struct KnownFile {
    entry: ContextEntry,
    /// Its content has arrived.
    whole: bool,
    /// Of its content; computed when it is first wanted.
    digest: Option<[u8; 32]>,
}

/// Refuses names that lead anywhere, and what is over the bounds.
pub(super) fn check(entries: &[ContextEntry]) -> Result<(), EngineError> {
    let limits = Limits::default();
    let bytes = entries
        .iter()
        .fold(0, |sum: u64, entry| sum.saturating_add(entry.size));
    if entries.len() as u64 > limits.entries || bytes > limits.bytes {
        return Err(EngineError::Invalid(format!(
            "the build context has {} files with {bytes} bytes, and may have {} with {}; leave out what is not \
             needed with a .dockerignore file",
            entries.len(),
            limits.entries,
            limits.bytes
        )));
    }
    for entry in entries {
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        let path = Path::new(&entry.path);
        if entry.path.is_empty() || entry.path.contains('\0') || !path.components().all(plain) {
            return Err(EngineError::Invalid(format!(
                "the build context names a file outside: {:?}",
                entry.path
            )));
        }
    }
    Ok(())
}

impl ContextDir {
    /// Makes an empty one.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self {
            path: path.to_owned(),
            root: File::open(path)?.into(),
            known: Mutex::default(),
        })
    }

    /// Where it is.
    pub(in crate::builder) fn path(&self) -> &Path {
        &self.path
    }

    /// Its files.
    pub(in crate::builder) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// Bytes of its files, as its client counted them.
    pub(super) fn bytes(&self) -> u64 {
        let known = self.lock();
        known.files.values().map(|file| file.entry.size).sum()
    }

    /// Makes it hold the directories and links of `entries` and nothing that is not among them; the files whose content
    /// is missing or has changed, by their place.
    pub(super) fn expect(&self, entries: Vec<ContextEntry>) -> Result<Vec<usize>, EngineError> {
        let failed = EngineError::os("change a build context");
        let mut known = self.lock();
        let wanted = self.change(&mut known, entries);
        drop(known);
        wanted.map_err(failed)
    }

    fn change(&self, known: &mut Known, entries: Vec<ContextEntry>) -> io::Result<Vec<usize>> {
        let names: HashMap<&str, ContextKind> = entries
            .iter()
            .map(|entry| (entry.path.as_str(), entry.kind))
            .collect();
        // Deepest first, so that a directory is empty when its turn comes.
        let gone: Vec<String> = known
            .files
            .iter()
            .rev()
            .filter(|(path, file)| names.get(path.as_str()) != Some(&file.entry.kind))
            .map(|(path, _)| path.clone())
            .collect();
        for path in &gone {
            self.remove(path)?;
            known.files.remove(path);
        }
        known.stale |= !gone.is_empty();
        let mut wanted = Vec::new();
        for (place, entry) in entries.into_iter().enumerate() {
            let old = known.files.get(&entry.path);
            if old.is_some_and(|old| old.whole && old.entry == entry) {
                continue;
            }
            known.stale = true;
            let whole = entry.kind != ContextKind::File || entry.link.is_some();
            if whole {
                self.make(&entry)?;
            } else {
                wanted.push(place);
            }
            let path = entry.path.clone();
            let file = KnownFile {
                entry,
                whole,
                digest: None,
            };
            known.files.insert(path, file);
        }
        Ok(wanted)
    }

    fn parent<'a>(&self, path: &'a str) -> io::Result<(OwnedFd, &'a OsStr)> {
        let path = Path::new(path);
        let parent = path.parent().unwrap_or(Path::new(""));
        Ok((
            tree::open_dir(self.root(), parent)?,
            path.file_name().unwrap_or_default(),
        ))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        match self.parent(path) {
            Ok((dir, name)) => tree::remove(dir.as_fd(), name, 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn make(&self, entry: &ContextEntry) -> io::Result<()> {
        let (dir, name) = self.parent(&entry.path)?;
        let mode = Mode::from_raw_mode(entry.mode & 0o7777);
        match entry.kind {
            ContextKind::Directory => {
                match rustix::fs::mkdirat(&dir, name, Mode::RWXU) {
                    Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                rustix::fs::fchmod(tree::enter(&dir, name)?, mode)?;
            }
            ContextKind::Link => {
                tree::remove(dir.as_fd(), name, 0)?;
                let link = entry.link.as_deref().unwrap_or_default();
                rustix::fs::symlinkat(link, &dir, name)?;
                let nofollow = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
                rustix::fs::utimensat(&dir, name, &times(entry.mtime), nofollow)?;
            }
            ContextKind::Pipe => {
                tree::remove(dir.as_fd(), name, 0)?;
                rustix::fs::mknodat(&dir, name, FileType::Fifo, mode, 0)?;
            }
            ContextKind::File => {}
        }
        Ok(())
    }

    /// Unpacks the wanted files, and believes that what has the right size has arrived.
    pub(super) fn fill(&self, archive: impl Read) -> Result<(), EngineError> {
        let unpacked = untar::unpack(archive, self.root(), Owner::Fixed(0, 0), Limits::default());
        unpacked.map_err(|error| {
            EngineError::Invalid(format!("the build context cannot be unpacked: {error}"))
        })?;
        let mut known = self.lock();
        let missing: Vec<String> = known
            .files
            .iter()
            .filter(|(_, file)| !file.whole)
            .map(|(path, _)| path.clone())
            .collect();
        for path in missing {
            let size = self
                .parent(&path)
                .and_then(|(dir, name)| tree::look(&dir, name))
                .map_err(EngineError::os("look at a build context"))?
                .map(|stat| u64::try_from(stat.st_size).unwrap_or(0));
            if let Some(file) = known.files.get_mut(&path) {
                // A file that changed while it was sent is what was sent; the next build sends it again.
                file.whole = size.is_some();
                if size != Some(file.entry.size) {
                    file.entry.mtime = i64::MIN;
                }
            }
        }
        Ok(())
    }

    /// Unpacks a whole archive.
    pub(super) fn unpack(&self, archive: impl Read) -> Result<(), EngineError> {
        let wrong = |error: &dyn std::fmt::Display| {
            EngineError::Invalid(format!("the build context cannot be unpacked: {error}"))
        };
        let stream = decompress::plain(archive).map_err(|error| wrong(&error))?;
        untar::unpack(stream, self.root(), Owner::Fixed(0, 0), Limits::default())
            .map_err(|error| wrong(&error))
    }

    /// Makes the further names of files, and gives directories back the times that filling them changed.
    pub(in crate::builder) fn settle(&self) -> io::Result<()> {
        let mut known = self.lock();
        if !std::mem::take(&mut known.stale) {
            return Ok(());
        }
        for file in known.files.values() {
            if let (ContextKind::File, Some(first)) = (file.entry.kind, &file.entry.link) {
                self.remove(&file.entry.path)?;
                let (from, first) = self.parent(first)?;
                let (dir, name) = self.parent(&file.entry.path)?;
                rustix::fs::linkat(&from, first, &dir, name, rustix::fs::AtFlags::empty())?;
            }
        }
        let directories = known
            .files
            .values()
            .filter(|file| file.entry.kind == ContextKind::Directory);
        for file in directories {
            let (dir, name) = self.parent(&file.entry.path)?;
            rustix::fs::futimens(tree::enter(&dir, name)?, &times(file.entry.mtime))?;
        }
        Ok(())
    }

    /// The digest of a file's content, if it is known already.
    pub(in crate::builder) fn digest(&self, path: &Path) -> Option<[u8; 32]> {
        self.lock().files.get(path.to_str()?)?.digest
    }

    /// Remembers the digest of a file's content.
    pub(in crate::builder) fn remember(&self, path: &Path, digest: [u8; 32]) {
        let Some(path) = path.to_str() else { return };
        if let Some(file) = self.lock().files.get_mut(path) {
            file.digest = Some(digest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ContextDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "a build context stays");
        }
    }
}

fn times(nanos: i64) -> Timestamps {
    let time = Timespec {
        tv_sec: nanos.div_euclid(1_000_000_000),
        tv_nsec: nanos.rem_euclid(1_000_000_000),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
