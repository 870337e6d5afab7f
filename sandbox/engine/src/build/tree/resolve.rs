//! A path of an image, its links followed here one component at a time: where it ends, and what of it is missing.
//!
//! openat2(2) follows links by itself, but does not say where it came out nor how far it got. Directories passed are
//! held open, so that `..` goes back to one of them and never above the root.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    io,
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::ffi::{OsStrExt as _, OsStringExt as _},
    },
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{self, FileType, Stat},
    io::Errno,
};

/// Links that one path may lead through, as path_resolution(7).
const MAX_LINKS: usize = 40;

/// A directory below a root.
#[derive(Debug)]
pub(super) struct Position<'a> {
    root: BorrowedFd<'a>,
    below: Vec<(OsString, OwnedFd)>,
}

/// Where a path ended.
#[derive(Debug)]
pub(super) struct Resolved<'a> {
    /// The last directory on the way.
    pub(super) at: Position<'a>,
    /// What is there under the path's last name, where that is no directory.
    pub(super) file: Option<(OsString, Stat)>,
    /// The names that are missing below `at`.
    pub(super) missing: Vec<OsString>,
}

impl<'a> Position<'a> {
    fn new(root: BorrowedFd<'a>) -> Self {
        Self {
            root,
            below: Vec::new(),
        }
    }

    /// The directory itself.
    pub(super) fn dir(&self) -> BorrowedFd<'_> {
        self.below.last().map_or(self.root, |(_, dir)| dir.as_fd())
    }

    /// Its path from the root, free of links.
    pub(super) fn path(&self) -> PathBuf {
        self.below.iter().map(|(name, _)| name).collect()
    }

    /// Goes into a directory of it.
    ///
    /// # Errors
    /// When it is none, or a link.
    pub(super) fn enter(&mut self, name: OsString) -> io::Result<()> {
        super::check_depth(self.below.len())?;
        let dir = super::enter(self.dir(), &name)?;
        self.below.push((name, dir));
        Ok(())
    }
}

/// Follows `path` from `root` as far as it goes.
///
/// # Errors
/// When a directory cannot be read, a file is in the way, or links lead in a circle.
pub(super) fn resolve<'a>(root: BorrowedFd<'a>, path: &Path) -> io::Result<Resolved<'a>> {
    let mut at = Position::new(root);
    let mut ahead: VecDeque<OsString> = parts(path).collect();
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            at.below.pop();
            continue;
        }
        let Some(stat) = super::look(at.dir(), &name)? else {
            let missing = lexical(name, ahead);
            return Ok(Resolved {
                at,
                file: None,
                missing,
            });
        };
        match super::kind(&stat) {
            FileType::Directory => at.enter(name)?,
            FileType::Symlink => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Errno::LOOP.into());
                }
                let link = read_link(at.dir(), &name)?;
                if link.is_absolute() {
                    at.below.clear();
                }
                for part in parts(&link).collect::<Vec<_>>().into_iter().rev() {
                    ahead.push_front(part);
                }
            }
            _ if ahead.is_empty() => {
                return Ok(Resolved {
                    at,
                    file: Some((name, stat)),
                    missing: Vec::new(),
                });
            }
            _ => return Err(Errno::NOTDIR.into()),
        }
    }
    Ok(Resolved {
        at,
        file: None,
        missing: Vec::new(),
    })
}

/// What a link says.
pub(super) fn read_link(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<PathBuf> {
    let link = fs::readlinkat(dir, name, Vec::new())?;
    Ok(OsString::from_vec(link.into_bytes()).into())
}

fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsStr::from_bytes(b"..").to_owned()),
        _ => None,
    })
}

/// Below a name that is not there, `..` can only mean the text before it.
fn lexical(first: OsString, rest: VecDeque<OsString>) -> Vec<OsString> {
    let mut missing = vec![first];
    for name in rest {
        if name != ".." {
            missing.push(name);
        } else if missing.len() > 1 {
            missing.pop();
        }
    }
    missing
}
