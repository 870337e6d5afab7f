//! What is in a file or directory, for the cache: names, kinds, modes, owners, attributes, bytes. Not times: a file that
//! was merely touched is the same file.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::fs::{self, FileType, Stat, fstat};
use sha2::{Digest as _, Sha256};

use super::{
    dress::{self, Dress},
    find::Source,
    resolve::{read_link, resolve},
    walk::{Directory, Entry, Visit, WalkError, walk},
};

/// Bytes that are read at a time.
const BUFFER: usize = 256 << 10;

/// The SHA-256 of something.
pub(crate) type Content = [u8; 32];

/// What is known of files' bytes without reading them. Paths are from the root, free of links.
pub(crate) trait Digests {
    /// The SHA-256 of a file's bytes. A file that has one has no extended attributes.
    fn known(&self, path: &Path) -> Option<Content>;

    /// What it turned out to be.
    fn learned(&self, path: &Path, content: Content);
}

/// Nothing is known.
impl Digests for () {
    fn known(&self, _: &Path) -> Option<Content> {
        None
    }

    fn learned(&self, _: &Path, _: Content) {}
}

/// Each file that a source means, by its path from the root, as it will be once it is copied.
///
/// # Errors
/// When a file cannot be read; it names the file.
pub(crate) fn contents(
    root: BorrowedFd<'_>,
    source: &Source,
    dress: &Dress,
    digests: &dyn Digests,
) -> io::Result<BTreeMap<String, Content>> {
    let mut hasher = Hasher {
        dress,
        digests,
        base: PathBuf::new(),
        shown: printable(source.path.as_os_str().as_bytes()),
        buffer: vec![0; BUFFER],
        found: BTreeMap::new(),
    };
    let resolved = resolve(root, &source.path)?;
    hasher.base = resolved.at.path();
    if source.is_dir() {
        let dir = source.open(root)?;
        // Its own mode and owner are not copied.
        hasher.found.insert(hasher.shown.clone(), [0; 32]);
        walk(dir.as_fd(), &source.filter, &mut hasher)?;
        return Ok(hasher.found);
    }
    let content = match resolved.file {
        Some((name, _)) if super::kind(&source.stat) == FileType::RegularFile => {
            let path = hasher.base.join(name);
            hasher.file(&path, &source.stat, || source.open(root))?
        }
        _ => hasher.head(&source.stat, &[]).finalize().into(),
    };
    Ok(BTreeMap::from([(hasher.shown, content)]))
}

/// What history and cache of the classic builder call the sources of one instruction: `file:…`, `dir:…`, or `multi:…`
/// for several.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn of_sources(root: BorrowedFd<'_>, sources: &[Source]) -> io::Result<String> {
    let hashes = sources
        .iter()
        .map(|source| of_source(root, source))
        .collect::<io::Result<Vec<_>>>()?;
    match hashes.as_slice() {
        [one] => Ok(one.clone()),
        several => Ok(format!(
            "multi:{}",
            hex(Sha256::digest(several.join(",").as_bytes()).as_slice())
        )),
    }
}

fn of_source(root: BorrowedFd<'_>, source: &Source) -> io::Result<String> {
    let base = printable(source.path.as_os_str().as_bytes());
    let mut hash = Sha256::new();
    for (path, content) in contents(root, source, &Dress::default(), &())? {
        // A directory is the same wherever it lies, a file is not what another name is.
        let name = match source.is_dir() {
            true => path.strip_prefix(&base).unwrap_or(&path).as_bytes(),
            false => source.name.as_bytes(),
        };
        field(&mut hash, name);
        hash.update(content);
    }
    let kind = if source.is_dir() { "dir" } else { "file" };
    Ok(format!("{kind}:{}", hex(&hash.finalize())))
}

struct Hasher<'a> {
    dress: &'a Dress,
    digests: &'a dyn Digests,
    /// The source's directory, free of links.
    base: PathBuf,
    /// The source as it is called.
    shown: String,
    buffer: Vec<u8>,
    found: BTreeMap<String, Content>,
}

impl Hasher<'_> {
    /// Kind, mode, owner and attributes.
    fn head(&self, stat: &Stat, xattrs: &[dress::Xattr]) -> Sha256 {
        let (uid, gid) = self.dress.ids(stat);
        let kind = stat.st_mode & !0o7777;
        let mut hash = Sha256::new();
        for number in [kind, self.dress.bits(stat), uid, gid] {
            hash.update(number.to_le_bytes());
        }
        for (name, value) in xattrs {
            field(&mut hash, name);
            field(&mut hash, value);
        }
        hash
    }

    /// A regular file, opened only if its bytes are not known.
    fn file(
        &mut self,
        path: &Path,
        stat: &Stat,
        open: impl FnOnce() -> io::Result<OwnedFd>,
    ) -> io::Result<Content> {
        let (xattrs, content) = match self.digests.known(path) {
            Some(content) => (Vec::new(), content),
            None => {
                let file = open()?;
                let xattrs = dress::xattrs(file.as_fd())?;
                let content = bytes(File::from(file), &mut self.buffer)?;
                if xattrs.is_empty() {
                    self.digests.learned(path, content);
                }
                (xattrs, content)
            }
        };
        let mut hash = self.head(stat, &xattrs);
        hash.update(content);
        Ok(hash.finalize().into())
    }

    fn keep(&mut self, path: &[u8], content: Content) {
        let path = match self.shown.as_str() {
            "" => printable(path),
            shown => format!("{shown}/{}", printable(path)),
        };
        self.found.insert(path, content);
    }
}

impl Visit for Hasher<'_> {
    type Error = io::Error;

    fn enter(&mut self, dir: &Directory<'_>) -> io::Result<()> {
        let xattrs = dress::xattrs(dir.fd)?;
        let content = self.head(dir.stat, &xattrs).finalize().into();
        self.keep(dir.path, content);
        Ok(())
    }

    fn leave(&mut self, _: &Directory<'_>) -> io::Result<()> {
        Ok(())
    }

    fn file(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let Some(stat) = super::look(entry.dir, entry.name)? else {
            return Ok(());
        };
        let content = match super::kind(&stat) {
            FileType::RegularFile => {
                let path = self.base.join(std::ffi::OsStr::from_bytes(entry.path));
                let open = || Ok(super::open_file(entry.dir, entry.name)?.into());
                Hasher::file(self, &path, &stat, open)?
            }
            FileType::Symlink => {
                let mut hash = self.head(&stat, &[]);
                field(
                    &mut hash,
                    read_link(entry.dir, entry.name)?.as_os_str().as_bytes(),
                );
                hash.finalize().into()
            }
            _ => self.head(&stat, &[]).finalize().into(),
        };
        self.keep(entry.path, content);
        Ok(())
    }
}

impl From<WalkError> for io::Error {
    fn from(error: WalkError) -> Self {
        Self::new(error.source.kind(), error)
    }
}

/// The SHA-256 of all bytes of a file.
fn bytes(mut file: File, buffer: &mut [u8]) -> io::Result<Content> {
    let mut hash = Sha256::new();
    let size = u64::try_from(fstat(&file)?.st_size).unwrap_or(0);
    if size > buffer.len() as u64 {
        let _ = fs::fadvise(&file, 0, None, fs::Advice::Sequential);
    }
    let mut done = 0;
    loop {
        match file.read(buffer) {
            Ok(0) => break,
            Ok(count) => {
                hash.update(&buffer[..count]);
                done += count as u64;
                // Most files are small: this spares the read that finds the end.
                if done == size && count < buffer.len() {
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hash.finalize().into())
}

/// With its length before it, so that no two lists of fields have the same bytes.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// A path as text, different for every path.
fn printable(path: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
