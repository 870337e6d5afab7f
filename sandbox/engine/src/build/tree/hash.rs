//! What is in a file or directory, as one number for the cache: names, kinds, modes, owners, bytes. Not times: a file
//! that was merely touched is the same file.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read as _},
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::ffi::OsStrExt as _,
    },
};

use drydock_runtime::paths;
use rustix::fs::{self, FileType, OFlags, Stat};
use sha2::{Digest as _, Sha256};

use super::find::Source;

/// What history and cache call the sources of one instruction: `file:…`, `dir:…`, or `multi:…` for several.
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
    let mut hash = Sha256::new();
    if source.is_dir {
        let dir = super::open_dir(root, &source.path)?;
        directory(&mut hash, dir.as_fd(), 0)?;
        return Ok(format!("dir:{}", hex(&hash.finalize())));
    }
    let stat = fs::fstat(&source.file)?;
    head(&mut hash, &source.name, &stat);
    if super::kind(&stat) == FileType::RegularFile {
        let file = paths::open_in(root, &source.path, OFlags::RDONLY)?;
        bytes(&mut hash, File::from(file), stat_size(&stat))?;
    }
    Ok(format!("file:{}", hex(&hash.finalize())))
}

fn directory(hash: &mut Sha256, dir: BorrowedFd<'_>, depth: usize) -> io::Result<()> {
    super::check_depth(depth)?;
    for name in super::names(dir)? {
        let name = super::as_os(&name);
        let Some(stat) = super::look(dir, name)? else {
            continue;
        };
        head(hash, name, &stat);
        match super::kind(&stat) {
            FileType::Directory => {
                directory(hash, super::enter(dir, name)?.as_fd(), depth + 1)?;
            }
            FileType::RegularFile => {
                bytes(hash, super::open_file(dir, name)?, stat_size(&stat))?;
            }
            FileType::Symlink => {
                field(hash, fs::readlinkat(dir, name, Vec::new())?.as_bytes());
            }
            _ => {}
        }
    }
    // Closes the directory, so that its last file and its neighbour's first are told apart.
    hash.update([0xff]);
    Ok(())
}

fn stat_size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

fn head(hash: &mut Sha256, name: &OsStr, stat: &Stat) {
    field(hash, name.as_bytes());
    for number in [stat.st_mode, stat.st_uid, stat.st_gid] {
        hash.update(number.to_le_bytes());
    }
}

/// With its length before it, so that no two lists of fields have the same bytes.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn bytes(hash: &mut Sha256, file: File, size: u64) -> io::Result<()> {
    hash.update(size.to_le_bytes());
    let mut file = file.take(size);
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            n => hash.update(&buffer[..n]),
        }
    }
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
