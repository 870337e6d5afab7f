//! Everything that a source means, one file after the other, in the order of the names' bytes.

use std::{
    ffi::{CString, OsStr},
    io,
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    rc::Rc,
};

use rustix::fs::{Dir, FileType, Stat, fstat};

use super::filter::Filter;

/// What is done with the files.
pub(super) trait Visit {
    /// Why it stops.
    type Error: From<WalkError>;

    /// A directory. What is in it follows.
    fn enter(&mut self, dir: &Directory<'_>) -> Result<(), Self::Error>;

    /// No more of the directory that was entered last.
    fn leave(&mut self, dir: &Directory<'_>) -> Result<(), Self::Error>;

    /// Anything else.
    fn file(&mut self, file: &Entry<'_>) -> Result<(), Self::Error>;
}

/// A directory, and how it is called.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    pub(super) fd: BorrowedFd<'a>,
    pub(super) name: &'a OsStr,
    /// From the source, `/` between names.
    pub(super) path: &'a [u8],
    pub(super) stat: &'a Stat,
    /// It is meant itself, not only because of something in it.
    pub(super) taken: bool,
}

/// A file that is no directory.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) dir: BorrowedFd<'a>,
    pub(super) name: &'a OsStr,
    /// As [`Directory::path`].
    pub(super) path: &'a [u8],
    /// As the directory says.
    pub(super) kind: FileType,
}

/// Where it stopped.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", String::from_utf8_lossy(path))]
pub(super) struct WalkError {
    pub(super) path: Vec<u8>,
    pub(super) source: io::Error,
}

/// Visits what `filter` takes of what is below `top`, not `top` itself.
pub(super) fn walk<V: Visit>(
    top: BorrowedFd<'_>,
    filter: &Filter,
    visit: &mut V,
) -> Result<(), V::Error> {
    let mut walk = Walk {
        filter,
        visit,
        path: Vec::new(),
        open: Vec::new(),
    };
    walk.inside(top)
}

struct Walk<'a, V> {
    filter: &'a Filter,
    visit: &'a mut V,
    path: Vec<u8>,
    /// From the outermost to the one that is listed.
    open: Vec<Open>,
}

struct Open {
    fd: Rc<OwnedFd>,
    name: CString,
    stat: Stat,
    taken: bool,
    /// Bytes of its path.
    length: usize,
    /// The visitor was told: at once if it is taken, else when something in it is.
    entered: bool,
}

impl<V: Visit> Walk<'_, V> {
    fn inside(&mut self, dir: BorrowedFd<'_>) -> Result<(), V::Error> {
        super::check_depth(self.open.len()).map_err(|error| self.failed(error))?;
        let length = self.path.len();
        for (name, kind) in listed(dir).map_err(|error| self.failed(error))? {
            if length > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(name.as_bytes());
            self.one(dir, name, kind)?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn one(&mut self, dir: BorrowedFd<'_>, name: CString, kind: FileType) -> Result<(), V::Error> {
        let taken = self.filter.takes(&self.path);
        if kind == FileType::Directory {
            if taken || self.filter.enters(&self.path) {
                return self.directory(dir, name, taken);
            }
            return Ok(());
        }
        if !taken {
            return Ok(());
        }
        self.enter_all()?;
        self.visit.file(&Entry {
            dir,
            name: super::as_os(&name),
            path: &self.path,
            kind,
        })
    }

    fn directory(
        &mut self,
        dir: BorrowedFd<'_>,
        name: CString,
        taken: bool,
    ) -> Result<(), V::Error> {
        let fd = super::enter(dir, super::as_os(&name)).map_err(|error| self.failed(error))?;
        let stat = fstat(&fd).map_err(|error| self.failed(error.into()))?;
        let fd = Rc::new(fd);
        self.open.push(Open {
            fd: fd.clone(),
            name,
            stat,
            taken,
            length: self.path.len(),
            entered: false,
        });
        if taken {
            self.enter_all()?;
        }
        self.inside(fd.as_fd())?;
        match self.open.pop() {
            Some(open) if open.entered => self.visit.leave(&open.told(&self.path)),
            _ => Ok(()),
        }
    }

    fn enter_all(&mut self) -> Result<(), V::Error> {
        for open in self.open.iter_mut().filter(|open| !open.entered) {
            open.entered = true;
            self.visit.enter(&open.told(&self.path))?;
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> WalkError {
        WalkError {
            path: self.path.clone(),
            source,
        }
    }
}

impl Open {
    fn told<'a>(&'a self, path: &'a [u8]) -> Directory<'a> {
        Directory {
            fd: self.fd.as_fd(),
            name: super::as_os(&self.name),
            path: &path[..self.length],
            stat: &self.stat,
            taken: self.taken,
        }
    }
}

/// The names in a directory and what they are, sorted.
fn listed(dir: BorrowedFd<'_>) -> io::Result<Vec<(CString, FileType)>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let kind = match entry.file_type() {
            // Not every file system says it.
            FileType::Unknown => match super::look(dir, OsStr::from_bytes(name.to_bytes()))? {
                Some(stat) => super::kind(&stat),
                None => continue,
            },
            kind => kind,
        };
        names.push((name.to_owned(), kind));
    }
    names.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(names)
}
