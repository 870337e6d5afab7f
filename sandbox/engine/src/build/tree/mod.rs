//! Files of a build context, of another stage and of the image being built, all by directory descriptor.
//!
//! - [`find`]: the sources that a COPY names; [`filter`]: what of a directory is meant; [`walk`]: each file of it.
//! - [`hash`]: their content, for the cache.
//! - [`copy`]: sources into an image: [`place`] says where, [`dress`] and [`chmod`] whose and with which mode, [`data`]
//!   copies bytes. [`add`]: archives too.
//! - [`untar`]: a tar stream into a directory.
//! - [`stubs`]: mount points that leave no trace. [`clamp`]: times for reproducible layers.
//! - [`resolve`]: where a path ends.
//!
//! Directories are opened with `openat2(2)` and `RESOLVE_IN_ROOT`; what is made or read in them is named by one
//! component and never followed. So a link of a stranger leads at most to the root it lies under.

mod add;
pub(crate) mod chmod;
pub(crate) mod clamp;
pub(crate) mod copy;
mod data;
pub(crate) mod dress;
mod filter;
pub(crate) mod find;
pub(crate) mod hash;
pub(crate) mod place;
mod resolve;
pub(crate) mod stubs;
pub(crate) mod untar;
mod walk;

use std::{
    ffi::{CString, OsStr},
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

use drydock_runtime::paths;
use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
};

/// Directories inside each other at most.
const MAX_DEPTH: usize = 128;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// Opens a directory for listing, wherever below `root` its links lead.
pub(crate) fn open_dir(root: BorrowedFd<'_>, path: &Path) -> io::Result<OwnedFd> {
    paths::open_in(root, path, DIRECTORY)
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read(root: BorrowedFd<'_>, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    // Not waiting for a writer, should it be a pipe.
    let file = paths::open_in(root, path, OFlags::RDONLY | OFlags::NONBLOCK)?;
    if FileType::from_raw_mode(fs::fstat(&file)?.st_mode) != FileType::RegularFile {
        return Err(Errno::ISDIR.into());
    }
    let mut bytes = Vec::new();
    File::from(file).take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A directory inside another, not following a link of that name.
pub(crate) fn enter(dir: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(fs::openat(dir, name, flags, Mode::empty())?)
}

/// A regular file in a directory, for reading, not following a link of that name.
fn open_file(dir: impl AsFd, name: &OsStr) -> io::Result<File> {
    // NONBLOCK: should it have become a pipe since, opening must not wait.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(fs::openat(dir, name, flags, Mode::empty())?))
}

/// A directory by a path that must be free of links.
fn descend(root: impl AsFd, path: &Path) -> Option<OwnedFd> {
    let mut dir = enter(root, OsStr::new(".")).ok()?;
    for name in path {
        dir = enter(&dir, name).ok()?;
    }
    Some(dir)
}

/// A path below a root, as it is seen from there.
fn shown(path: &Path) -> String {
    format!("/{}", path.to_string_lossy().trim_start_matches('/'))
}

/// What a name is, not following a link.
pub(crate) fn look(dir: impl AsFd, name: &OsStr) -> io::Result<Option<Stat>> {
    match fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// Permission bits with set-user-id and its like.
fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

/// The names in a directory, sorted by their bytes.
pub(crate) fn names(dir: impl AsFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in fs::Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn as_os(name: &CString) -> &OsStr {
    OsStr::from_bytes(name.as_bytes())
}

/// Removes a file, or a directory with all in it.
pub(crate) fn remove(dir: BorrowedFd<'_>, name: &OsStr, depth: usize) -> io::Result<()> {
    match fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR) => {}
        Err(error) => return Err(error.into()),
    }
    check_depth(depth)?;
    let inner = enter(dir, name)?;
    for name in names(&inner)? {
        remove(inner.as_fd(), as_os(&name), depth + 1)?;
    }
    Ok(fs::unlinkat(dir, name, AtFlags::REMOVEDIR)?)
}

fn check_depth(depth: usize) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(Errno::NAMETOOLONG.into());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
