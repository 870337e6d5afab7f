//! Where in an image a source goes, with the directories that are missing on the way.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::fd::BorrowedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, Mode},
    io::Errno,
};

use super::{
    dress::{Dress, own},
    resolve::{Position, resolve},
};

/// The file system that is copied into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) root: BorrowedFd<'a>,
    /// Absolute; with a slash at the end it is a directory.
    pub(crate) path: &'a str,
    pub(crate) dress: &'a Dress,
    pub(crate) conflicts: Conflicts,
}

/// What becomes of a file where a directory is to go, or the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflicts {
    /// It is an error, as in BuildKit.
    Refuse,
    /// It is replaced, as by the classic builder.
    Replace,
}

/// Why something was not copied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutError {
    /// A directory's content goes where a file is. BuildKit's words, as the next two.
    #[error("cannot copy to non-directory: {0}")]
    OntoFile(String),
    #[error("cannot replace to directory {0} with file")]
    OntoDirectory(String),
    #[error("mkdir {0}: not a directory")]
    Through(String),
    #[error(transparent)]
    Untar(#[from] super::untar::UntarError),
    #[error("{path}: {source}")]
    Os { path: String, source: io::Error },
}

impl PutError {
    /// Whether there was no room left.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Os { source, .. } | Self::Untar(super::untar::UntarError::Os { source, .. }) => {
                source.kind() == io::ErrorKind::StorageFull
            }
            _ => false,
        }
    }

    /// For `map_err` on system calls.
    pub(super) fn os(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = super::shown(path.as_ref());
        move |source| Self::Os { path, source }
    }
}

/// A name in a directory of the image.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) at: Position<'a>,
    pub(super) name: OsString,
}

impl<'a> Target<'a> {
    /// The directory that a directory's content goes into, made if it is missing.
    pub(super) fn directory(&self) -> Result<Position<'a>, PutError> {
        self.parents()?;
        let path = Path::new(self.path);
        let resolved = resolve(self.root, path).map_err(self.through(path))?;
        if let Some((name, _)) = resolved.file {
            return Err(PutError::OntoFile(super::shown(
                &resolved.at.path().join(name),
            )));
        }
        self.make(resolved.at, resolved.missing)
    }

    /// The place of a file that is called `name`: in the directory that the path means, or of that name.
    pub(super) fn file(&self, name: &OsStr) -> Result<Place<'a>, PutError> {
        self.parents()?;
        let path = Path::new(self.path);
        let resolved = resolve(self.root, path).map_err(self.through(path))?;
        let (at, name) = match (resolved.file, resolved.missing) {
            // The file that a link leads to is replaced, not the link.
            (Some((name, _)), _) => (resolved.at, name),
            (None, mut missing) => match missing.pop() {
                Some(name) => (self.make(resolved.at, missing)?, name),
                None => (resolved.at, name.to_owned()),
            },
        };
        Ok(Place { at, name })
    }

    /// Where an archive is unpacked: always a directory.
    pub(super) fn unpacked(&self) -> Result<Position<'a>, PutError> {
        let path = Path::new(self.path);
        self.make_all(path)
    }

    /// A path that ends in a slash is a directory, and any other lies in one.
    fn parents(&self) -> Result<(), PutError> {
        let path = Path::new(self.path);
        let dir = match self.path.ends_with('/') {
            true => path,
            false => path.parent().unwrap_or(Path::new("/")),
        };
        self.make_all(dir).map(drop)
    }

    fn make_all(&self, path: &Path) -> Result<Position<'a>, PutError> {
        let resolved = resolve(self.root, path).map_err(self.through(path))?;
        match resolved.file {
            Some((name, _)) => Err(PutError::Through(super::shown(
                &resolved.at.path().join(name),
            ))),
            None => self.make(resolved.at, resolved.missing),
        }
    }

    /// New directories are open to everybody and belong to whom the files will.
    fn make(&self, mut at: Position<'a>, missing: Vec<OsString>) -> Result<Position<'a>, PutError> {
        for name in missing {
            let path = at.path().join(&name);
            let made = || -> io::Result<Position<'a>> {
                let mode = Mode::from_raw_mode(0o755);
                fs::mkdirat(at.dir(), &name, mode)?;
                at.enter(name)?;
                fs::fchmod(at.dir(), mode)?;
                if let Some(owner) = self.dress.owner {
                    own(at.dir(), owner)?;
                }
                Ok(at)
            };
            at = made().map_err(PutError::os(path))?;
        }
        Ok(at)
    }

    fn through(&self, path: &Path) -> impl FnOnce(io::Error) -> PutError {
        let path: PathBuf = path.to_owned();
        move |error| match error.raw_os_error() == Some(Errno::NOTDIR.raw_os_error()) {
            true => PutError::Through(super::shown(&path)),
            false => PutError::os(path)(error),
        }
    }
}

/// Makes a directory with its parents where they are missing; new ones get `owner`.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_directory(
    root: BorrowedFd<'_>,
    path: &str,
    owner: (u32, u32),
) -> Result<(), PutError> {
    let dress = Dress {
        owner: Some(owner),
        mode: None,
    };
    let target = Target {
        root,
        path,
        dress: &dress,
        conflicts: Conflicts::Refuse,
    };
    target.make_all(Path::new(path)).map(drop)
}
