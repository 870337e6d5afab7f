//! The files that the sources of a COPY or ADD mean: [`find`] as Docker's classic builder does it, [`select`] as
//! BuildKit does.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use drydock_dockerfile::{IgnoreError, Wildcard, clean_path};
use drydock_runtime::paths;
use rustix::{
    fs::{FileType, OFlags, Stat, fstat},
    io::Errno,
};

use super::{filter::Filter, resolve::resolve};

/// One file or directory to copy.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root it was found under; links in it are followed.
    pub(crate) path: PathBuf,
    /// What it is called in a directory that it is copied into.
    pub(crate) name: OsString,
    /// What it was when it was found.
    pub(super) stat: Stat,
    /// What of a directory is meant.
    pub(super) filter: Filter,
}

impl Source {
    /// Whether it is a directory, of which the content is copied.
    pub(crate) fn is_dir(&self) -> bool {
        super::kind(&self.stat) == FileType::Directory
    }

    /// The one of that path, whole.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn named(root: BorrowedFd<'_>, path: &Path) -> Result<Self, SelectError> {
        named(root, path, &Filter::default())
    }

    /// Opens it for reading, if it is still what was found.
    pub(super) fn open(&self, root: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        // Not waiting for a writer, should it be a pipe.
        let flags = match self.is_dir() {
            true => super::DIRECTORY,
            false => OFlags::RDONLY | OFlags::NONBLOCK,
        };
        let file = paths::open_in(root, &self.path, flags)?;
        let now = fstat(&file)?;
        match (now.st_dev, now.st_ino) == (self.stat.st_dev, self.stat.st_ino) {
            true => Ok(file),
            false => Err(Errno::STALE.into()),
        }
    }
}

/// Why a source was not found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindError {
    /// Nothing has that name; in the classic builder's words.
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
///
/// # Errors
/// When it names nothing, or something outside, or no pattern.
pub(crate) fn find(root: BorrowedFd<'_>, written: &str) -> Result<Vec<Source>, FindError> {
    let path = clean_path(written.trim_start_matches('/'));
    if path == ".." || path.starts_with("../") {
        return Err(FindError::Outside(written.into()));
    }
    if !Wildcard::is_in(&path) {
        return Ok(vec![one(root, Path::new(&path), &Filter::default())?]);
    }
    let parts = path
        .split('/')
        .map(|part| Wildcard::parse(part).ok_or(FindError::Pattern))
        .collect::<Result<Vec<_>, _>>()?;
    matching(root, Path::new(""), &parts, &path)?
        .iter()
        .map(|path| one(root, path, &Filter::default()))
        .collect()
}

/// What the flags say of the sources.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Selection<'a> {
    /// `--parents`.
    pub(crate) parents: bool,
    /// `--exclude`.
    pub(crate) exclude: &'a [String],
}

/// Why BuildKit finds no source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SelectError {
    /// Nothing has that name: absolute, where links led. BuildKit's words.
    #[error("{0:?}: not found")]
    Missing(String),
    #[error("invalid pattern of --exclude or --parents: {0}")]
    Pattern(#[from] IgnoreError),
    #[error("{path}: {source}")]
    Os { path: String, source: io::Error },
}

/// Finds what `written` names below `root`, as BuildKit does: `..` leads at most to the root, links are followed, also
/// the last, and a wildcard that matches nothing means nothing.
///
/// # Errors
/// When a name without wildcards names nothing.
pub(crate) fn select(
    root: BorrowedFd<'_>,
    written: &str,
    selection: Selection<'_>,
) -> Result<Vec<Source>, SelectError> {
    let (base, only) = match (selection.parents, written.split_once("/./")) {
        (false, _) => (written, None),
        // Without a pivot the parents begin at the root.
        (true, None) => ("/", Some(written)),
        (true, Some((base, rest))) => (base, Some(rest)),
    };
    let base = rooted(base);
    let only = only.map(rooted);
    let filter = Filter::new(only.as_deref(), selection.exclude)?;
    if Wildcard::is_in(&base) {
        return wild(root, &base, &filter);
    }
    if let Some(only) = only.filter(|only| !Wildcard::is_in(only)) {
        exists(root, &Path::new(&base).join(only))?;
    }
    Ok(vec![named(root, Path::new(&base), &filter)?])
}

/// From the root, without a slash before it; `..` is taken back as far as it goes.
fn rooted(path: &str) -> String {
    clean_path(&format!("/{path}"))[1..].to_owned()
}

fn wild(root: BorrowedFd<'_>, pattern: &str, filter: &Filter) -> Result<Vec<Source>, SelectError> {
    let parts: Vec<&str> = pattern.split('/').collect();
    let literal = parts
        .iter()
        .take_while(|part| !Wildcard::is_in(part))
        .count();
    let base: PathBuf = parts[..literal].iter().collect();
    exists(root, &base)?;
    let wildcards = parts[literal..].iter().map(|part| Wildcard::parse(part));
    // As Go's filepath.Match is used there, a malformed pattern matches nothing.
    let Some(wildcards) = wildcards.collect::<Option<Vec<_>>>() else {
        return Ok(Vec::new());
    };
    let found = matching(root, &base, &wildcards, pattern).map_err(|error| match error {
        FindError::Os { path, source } => SelectError::Os { path, source },
        other => SelectError::Missing(other.to_string()),
    })?;
    let mut sources = Vec::new();
    for path in found {
        let source = named(root, &path, filter)?;
        let inner = path.strip_prefix(&base).unwrap_or(&path);
        // In a directory the patterns count from there.
        if source.is_dir() || !filter.excludes(&inner.to_string_lossy()) {
            sources.push(source);
        }
    }
    Ok(sources)
}

fn named(root: BorrowedFd<'_>, path: &Path, filter: &Filter) -> Result<Source, SelectError> {
    one(root, path, filter).map_err(|error| match error {
        FindError::Os { path, source } => SelectError::Os { path, source },
        _ => missing(root, path),
    })
}

fn exists(root: BorrowedFd<'_>, path: &Path) -> Result<(), SelectError> {
    match paths::find_in(root, path) {
        Ok(_) => Ok(()),
        Err(error) if is_missing(&error) => Err(missing(root, path)),
        Err(source) => Err(SelectError::Os {
            path: path.to_string_lossy().into(),
            source,
        }),
    }
}

/// Where links led, since that is what is not there.
fn missing(root: BorrowedFd<'_>, path: &Path) -> SelectError {
    let end = match resolve(root, path) {
        Ok(resolved) => resolved
            .missing
            .iter()
            .fold(resolved.at.path(), |path, name| path.join(name)),
        Err(_) => path.to_owned(),
    };
    SelectError::Missing(super::shown(&end))
}

fn one(root: BorrowedFd<'_>, path: &Path, filter: &Filter) -> Result<Source, FindError> {
    let shown = || path.to_string_lossy().into_owned();
    let failed = |source: io::Error| match is_missing(&source) {
        true => FindError::Missing(shown()),
        false => FindError::Os {
            path: shown(),
            source,
        },
    };
    let file = paths::find_in(root, path).map_err(failed)?;
    let stat = fstat(&file).map_err(|error| failed(error.into()))?;
    Ok(Source {
        path: path.into(),
        name: path.file_name().unwrap_or_default().into(),
        stat,
        filter: filter.clone(),
    })
}

fn is_missing(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    [Errno::NOENT, Errno::NOTDIR]
        .iter()
        .any(|errno| Some(errno.raw_os_error()) == code)
}

fn matching(
    root: BorrowedFd<'_>,
    base: &Path,
    parts: &[Wildcard],
    shown: &str,
) -> Result<Vec<PathBuf>, FindError> {
    let mut found = Vec::new();
    walk(root, base, parts, &mut found).map_err(|source| FindError::Os {
        path: shown.into(),
        source,
    })?;
    Ok(found)
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
    let listed = super::open_dir(root, dir)?;
    for name in super::names(&listed)? {
        if !part.is_match(&name.to_string_lossy()) {
            continue;
        }
        let name = super::as_os(&name);
        let path = dir.join(name);
        if rest.is_empty() {
            found.push(path);
        } else if is_real_dir(listed.as_fd(), name)? {
            walk(root, &path, rest, found)?;
        }
    }
    Ok(())
}

/// A link to a directory is not walked.
fn is_real_dir(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<bool> {
    let stat = super::look(dir, name)?;
    Ok(stat.is_some_and(|stat| super::kind(&stat) == FileType::Directory))
}
