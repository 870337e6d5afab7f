//! `docker diff`: the writable layer against the image's layers.
//!
//! The rules are Docker's: a directory counts as changed by its owner and mode or by what is in it, never by its time;
//! what was in a deleted directory is not told.

use std::{
    ffi::CString,
    fs::File,
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use drydock_image::layer::OPAQUE;
use drydock_runtime::overlay;
use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
};
use serde::Serialize;

use super::pack::names;

/// Directories inside each other at most.
const MAX_DEPTH: usize = 256;
/// Changes told at most.
const MAX_CHANGES: usize = 200_000;

/// One line of `docker diff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Change {
    path: String,
    kind: u8,
}

const MODIFIED: u8 = 0;
const ADDED: u8 = 1;
const DELETED: u8 = 2;

/// What `upper` changes of `lowers`, topmost first; sorted, a directory before what is in it.
///
/// # Errors
/// As the file system says, or when there are too many.
pub(crate) fn changes(upper: &Path, lowers: &[PathBuf]) -> io::Result<Vec<Change>> {
    let image = match lowers {
        [only] => File::open(only)?.into(),
        several => overlay::mount_layers(several)?,
    };
    let image = enter(image.as_fd(), c".")?;
    let mut walk = Walk {
        path: Vec::new(),
        found: Vec::new(),
    };
    walk.directory(&File::open(upper)?.into(), image.as_ref(), 0)?;
    Ok(walk.found)
}

struct Walk {
    /// Of the directory that is being compared.
    path: Vec<u8>,
    found: Vec<Change>,
}

impl Walk {
    fn directory(
        &mut self,
        upper: &OwnedFd,
        image: Option<&OwnedFd>,
        depth: usize,
    ) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(Errno::NAMETOOLONG.into());
        }
        let length = self.path.len();
        let mut all = names(upper)?;
        if let Some(image) = image
            && is_opaque(upper.as_fd())
        {
            all.extend(names(image)?);
            all.sort_unstable();
            all.dedup();
        }
        for name in all {
            self.path.push(b'/');
            self.path.extend_from_slice(name.as_bytes());
            self.name(upper, image, &name, depth)?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn name(
        &mut self,
        upper: &OwnedFd,
        image: Option<&OwnedFd>,
        name: &CString,
        depth: usize,
    ) -> io::Result<()> {
        let new = look(upper.as_fd(), name)?.filter(|stat| !is_whiteout(stat));
        let old = image.map_or(Ok(None), |image| look(image.as_fd(), name))?;
        let begun = self.found.len();
        match (&old, &new) {
            (None, None) => {}
            (Some(_), None) => self.tell(DELETED)?,
            (None, Some(_)) => self.tell(ADDED)?,
            (Some(old), Some(new)) if differ(old, new) => self.tell(MODIFIED)?,
            (Some(_), Some(_)) => {}
        }
        let Some(inner) = new.filter(is_dir).map(|_| enter(upper.as_fd(), name)) else {
            return Ok(());
        };
        let Some(inner) = inner? else {
            return Ok(());
        };
        let below = match (image, old.filter(is_dir)) {
            (Some(image), Some(_)) => enter(image.as_fd(), name)?,
            _ => None,
        };
        let told = self.found.len();
        self.directory(&inner, below.as_ref(), depth + 1)?;
        if told == begun && self.found.len() > told {
            self.tell(MODIFIED)?;
            self.found[begun..].rotate_right(1);
        }
        Ok(())
    }

    fn tell(&mut self, kind: u8) -> io::Result<()> {
        if self.found.len() >= MAX_CHANGES {
            return Err(io::Error::other("the container has too many changes"));
        }
        self.found.push(Change {
            path: String::from_utf8_lossy(&self.path).into_owned(),
            kind,
        });
        Ok(())
    }
}

fn differ(old: &Stat, new: &Stat) -> bool {
    let who = |stat: &Stat| (stat.st_mode, stat.st_uid, stat.st_gid, stat.st_rdev);
    let what = |stat: &Stat| (stat.st_mtime, stat.st_mtime_nsec, stat.st_size);
    who(old) != who(new) || !is_dir(old) && what(old) != what(new)
}

fn is_dir(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// The kernel's mark of what is deleted: a container cannot make such a device.
fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

fn is_opaque(dir: BorrowedFd<'_>) -> bool {
    let mut value = [0; 1];
    fs::fgetxattr(dir, OPAQUE, &mut value[..]).is_ok_and(|n| n == 1 && value == *b"y")
}

/// Nothing where it has gone since it was listed.
fn look(dir: BorrowedFd<'_>, name: &CString) -> io::Result<Option<Stat>> {
    match fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn enter(dir: BorrowedFd<'_>, name: impl rustix::path::Arg) -> io::Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match fs::openat(dir, name, flags, Mode::empty()) {
        Ok(dir) => Ok(Some(dir)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
