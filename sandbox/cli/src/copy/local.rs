//! What is at a path here.

use std::{
    fs, io,
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
};

use super::plan::{Source, Tail, Target, Written, clean};
use crate::error::os_words;

/// Links followed at most; Docker's own bound.
const MAX_LINKS: usize = 10;

/// A path of this machine, made absolute.
pub fn absolute(text: &str) -> io::Result<Written> {
    let mut written = Written::parse(text);
    written.path = clean(&std::env::current_dir()?.join(&written.path));
    Ok(written)
}

/// A file or directory here, found.
#[derive(Debug)]
pub struct Found {
    /// Where it is, without links but, perhaps, the last.
    pub path: PathBuf,
    /// What it is.
    pub source: Source,
}

/// Finds what is copied. A link is copied itself, unless it is followed or a directory is asked for.
///
/// # Errors
/// In Docker's words.
pub fn find(written: &Written, follow: bool) -> Result<Found, String> {
    let lstat = |path: &Path, error: &io::Error| match error.kind() {
        io::ErrorKind::NotADirectory => "not a directory".into(),
        _ => format!("lstat {}: {}", path.display(), os_words(error)),
    };
    let path = match (written.path.parent(), written.path.file_name()) {
        (Some(dir), Some(name)) if !follow && written.tail == Tail::None => {
            let real = dir.canonicalize().map_err(|error| lstat(dir, &error))?;
            real.join(name)
        }
        _ => resolve(&written.path).map_err(|(path, error)| lstat(&path, &error))?,
    };
    let meta = fs::symlink_metadata(&path).map_err(|error| lstat(&path, &error))?;
    if written.tail != Tail::None && !meta.is_dir() {
        return Err("not a directory".into());
    }
    Ok(Found {
        path,
        source: Source {
            name: written.base(),
            is_dir: meta.is_dir(),
        },
    })
}

/// Without any links; the error names the path that was not there.
fn resolve(path: &Path) -> Result<PathBuf, (PathBuf, io::Error)> {
    path.canonicalize().map_err(|error| {
        let target = fs::read_link(path).map(|target| {
            let dir = path.parent().unwrap_or(Path::new("/"));
            clean(&dir.join(target))
        });
        (target.unwrap_or_else(|_| path.to_owned()), error)
    })
}

/// Where a copy goes here: the end of all links, which need not be there.
///
/// # Errors
/// In Docker's words.
pub fn target(written: &Written) -> Result<Target, String> {
    let mut path = written.clone();
    for _ in 0..=MAX_LINKS {
        let lstat = |error: &io::Error| format!("lstat {}: {}", path.text(), os_words(error));
        let text = path.text();
        match fs::symlink_metadata(&text) {
            Ok(meta) if meta.is_symlink() => {
                let link = fs::read_link(&text).map_err(|error| lstat(&error))?;
                let dir = path.path.parent().unwrap_or(Path::new("/"));
                path = Written::parse(&dir.join(link).to_string_lossy());
            }
            Ok(meta) => {
                return Ok(Target {
                    path,
                    there: Some(meta.is_dir()),
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = path.path.parent().unwrap_or(Path::new("/"));
                return match fs::metadata(parent) {
                    Ok(meta) if meta.is_dir() => Ok(Target { path, there: None }),
                    Ok(_) => Err("not a directory".into()),
                    Err(error) => Err(format!("stat {}: {}", parent.display(), os_words(&error))),
                };
            }
            Err(error) => return Err(lstat(&error)),
        }
    }
    Err(format!("too many symlinks in {}", written.text()))
}

/// Whether something can be written there at all.
///
/// # Errors
/// In Docker's words.
pub fn check_target(written: &Written) -> Result<(), String> {
    let path = written.text();
    if let Some(dir) = written.path.parent()
        && !dir.exists()
    {
        return Err(format!(
            "invalid output path: directory {dir:?} does not exist"
        ));
    }
    let Ok(meta) = fs::metadata(&path) else {
        return Ok(());
    };
    let kind = meta.file_type();
    let what = if kind.is_dir() || kind.is_file() || kind.is_fifo() || kind.is_socket() {
        return Ok(());
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "an irregular file"
    };
    Err(format!(
        "invalid output path: {path:?} must be a directory or a regular file: got {what}"
    ))
}
