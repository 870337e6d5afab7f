//! The files that the sources of a COPY or ADD mean.

use std::{
    ffi::OsString,
    io,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use drydock_dockerfile::{Wildcard, clean_path};
use drydock_runtime::paths;
use rustix::fs::{FileType, OFlags, fstat};

/// One file or directory to copy.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root it was found under; links in it are followed.
    pub(crate) path: PathBuf,
    /// What it is called in a directory that it is copied into.
    pub(crate) name: OsString,
    /// The thing itself, only to refer to it.
    pub(crate) file: OwnedFd,
    /// Whether it is a directory.
    pub(crate) is_dir: bool,
}

/// Why a source was not found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindError {
    #[error("stat {0}: file does not exist")]
    Missing(String),
    #[error("forbidden path outside the build context: {0} ()")]
    Outside(String),
    #[error("syntax error in pattern")]
    Pattern,
    #[error("stat {path}: {source}")]
    Os { path: String, source: io::Error },
}

/// Finds what `written` names below `root`: one file, or all that match a wildcard, sorted.
pub(crate) fn find(root: BorrowedFd<'_>, written: &str) -> Result<Vec<Source>, FindError> {
    let path = clean_path(written.trim_start_matches('/'));
    if path == ".." || path.starts_with("../") {
        return Err(FindError::Outside(written.into()));
    }
    if !Wildcard::is_in(&path) {
        return Ok(vec![one(root, Path::new(&path), &path)?]);
    }
    let parts = path
        .split('/')
        .map(|part| Wildcard::parse(part).ok_or(FindError::Pattern))
        .collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    walk(root, Path::new(""), &parts, &mut found).map_err(|source| FindError::Os {
        path: path.clone(),
        source,
    })?;
    found
        .iter()
        .map(|path| one(root, path, &path.to_string_lossy()))
        .collect()
}

fn one(root: BorrowedFd<'_>, path: &Path, shown: &str) -> Result<Source, FindError> {
    let failed = |source: io::Error| match source.raw_os_error() {
        Some(code) if is_missing(code) => FindError::Missing(shown.into()),
        _ => FindError::Os {
            path: shown.into(),
            source,
        },
    };
    let file = paths::open_in(root, path, OFlags::PATH).map_err(failed)?;
    let stat = fstat(&file).map_err(|error| failed(error.into()))?;
    Ok(Source {
        path: path.into(),
        name: path.file_name().unwrap_or_default().into(),
        is_dir: FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
        file,
    })
}

fn is_missing(code: i32) -> bool {
    [rustix::io::Errno::NOENT, rustix::io::Errno::NOTDIR]
        .iter()
        .any(|errno| errno.raw_os_error() == code)
}

/// Follows the pattern one directory at a time, since no wildcard matches a slash.
fn walk(
    root: BorrowedFd<'_>,
    dir: &Path,
    parts: &[Wildcard],
    found: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let [part, rest @ ..] = parts else {
        return Ok(());
    };
    for name in super::names(super::open_dir(root, dir)?)? {
        if !part.is_match(&name.to_string_lossy()) {
            continue;
        }
        let path = dir.join(std::ffi::OsStr::from_bytes(name.as_bytes()));
        if rest.is_empty() {
            found.push(path);
        } else if is_real_dir(root, dir, &name)? {
            walk(root, &path, rest, found)?;
        }
    }
    Ok(())
}

/// A link to a directory is not walked.
fn is_real_dir(root: BorrowedFd<'_>, dir: &Path, name: &std::ffi::CString) -> io::Result<bool> {
    let stat = super::look(super::open_dir(root, dir)?, super::as_os(name))?;
    Ok(stat.is_some_and(|stat| super::kind(&stat) == FileType::Directory))
}
