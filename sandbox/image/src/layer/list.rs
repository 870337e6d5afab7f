//! What is in a layer, by name, without reading a byte of it.

use std::{
    collections::HashSet,
    ffi::CString,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    rc::Rc,
};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};

use super::{Limits, xattr};
use crate::LayerError;

/// One name in a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// From the root, without a slash before it.
    pub path: Vec<u8>,
    /// What it is.
    pub what: What,
    /// Bytes of a regular file, counted at its first name.
    pub size: u64,
}

/// What a name in a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A directory; what is in it is listed after it.
    Directory,
    /// A directory that hides what the layers below have in it.
    OpaqueDirectory,
    /// A file of any other kind.
    File,
    /// Deletes what the layers below have under that name.
    Whiteout,
}

/// Lists an overlay's upper directory, a directory before what is in it.
///
/// # Errors
/// When it is over a bound or cannot be read.
pub fn list(root: BorrowedFd<'_>, limits: &Limits) -> Result<Vec<Listed>, LayerError> {
    let mut found: Vec<Listed> = Vec::new();
    let mut links = HashSet::new();
    let root = Rc::new(open_dir(root, c".", b".")?);
    let mut open = names(&root, b"", limits, 0)?;
    // Only the directories above the one that is listed are open at a time.
    while let Some((dir, name, path)) = open.pop() {
        let stat = fs::statat(&*dir, &name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| LayerError::os("look at", &path, error))?;
        let (what, size) = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let inner = Rc::new(open_dir(dir.as_fd(), &name, &path)?);
                let (_, opaque) = xattr::read(inner.as_fd(), limits.xattr_bytes)
                    .map_err(|error| LayerError::os("read the attributes of", &path, error))?;
                let below = [path.as_slice(), b"/"].concat();
                open.extend(names(&inner, &below, limits, found.len())?);
                match opaque {
                    true => (What::OpaqueDirectory, 0),
                    false => (What::Directory, 0),
                }
            }
            FileType::CharacterDevice if stat.st_rdev == 0 => (What::Whiteout, 0),
            FileType::RegularFile => {
                let first = stat.st_nlink == 1 || links.insert((stat.st_dev, stat.st_ino));
                let size = u64::try_from(stat.st_size).unwrap_or(0);
                (What::File, if first { size } else { 0 })
            }
            _ => (What::File, 0),
        };
        found.push(Listed { path, what, size });
        if found.len() as u64 > limits.entries {
            return Err(LayerError::TooMuch {
                what: "files",
                limit: limits.entries,
            });
        }
    }
    Ok(found)
}

/// A name that is still to be looked at: its directory, itself, and its path.
type Open = (Rc<OwnedFd>, CString, Vec<u8>);

/// The names in a directory, last first.
fn names(
    dir: &Rc<OwnedFd>,
    path: &[u8],
    limits: &Limits,
    found: usize,
) -> Result<Vec<Open>, LayerError> {
    let too_much = |what, limit| LayerError::TooMuch { what, limit };
    if path.iter().filter(|byte| **byte == b'/').count() > limits.depth {
        return Err(too_much(
            "directories inside each other",
            limits.depth as u64,
        ));
    }
    let failed = |error| LayerError::os("list", path, error);
    let mut names = Vec::new();
    for entry in fs::Dir::read_from(&**dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_owned();
        if !matches!(name.as_bytes(), b"." | b"..") {
            names.push(name);
        }
        if (found + names.len()) as u64 > limits.entries {
            return Err(too_much("files", limits.entries));
        }
    }
    names.sort_unstable_by(|a, b| b.cmp(a));
    let open = |name: CString| {
        let path = [path, name.as_bytes()].concat();
        (Rc::clone(dir), name, path)
    };
    Ok(names.into_iter().map(open).collect())
}

fn open_dir(
    dir: BorrowedFd<'_>,
    name: &std::ffi::CStr,
    full: &[u8],
) -> Result<OwnedFd, LayerError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    fs::openat(dir, name, flags, Mode::empty()).map_err(|error| LayerError::os("open", full, error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{fs::File, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn names_come_in_order_with_what_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("b/c")).unwrap();
        std::fs::write(at("b/c/d"), "1234").unwrap();
        std::fs::hard_link(at("b/c/d"), at("b/e")).unwrap();
        symlink("b", at("a")).unwrap();
        let root = File::open(dir.path()).unwrap();
        let found = list(root.as_fd(), &Limits::default()).unwrap();
        let found: Vec<(String, What, u64)> = found
            .into_iter()
            .map(|it| (String::from_utf8(it.path).unwrap(), it.what, it.size))
            .collect();
        let expected = [
            ("a", What::File, 0),
            ("b", What::Directory, 0),
            ("b/c", What::Directory, 0),
            ("b/c/d", What::File, 4),
            ("b/e", What::File, 0),
        ];
        assert_eq!(
            found,
            expected.map(|(path, what, size)| (path.to_owned(), what, size))
        );
        let few = Limits {
            entries: 4,
            ..Limits::default()
        };
        assert!(list(root.as_fd(), &few).is_err());
    }
}
