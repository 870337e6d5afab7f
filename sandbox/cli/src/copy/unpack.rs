//! A tar stream into files here. The stream is a container's, so nothing in it is trusted: names are taken apart, and
//! each directory is entered without following a link.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, Timespec, Timestamps},
    io::Errno,
};
use tar::{Archive, Entry, EntryType};

use super::plan::Plan;
use crate::error::os_words;

/// Directories whose times are set at the end; of more, the times are those of their making.
const REMEMBERED: usize = 20_000;

/// Unpacks a stream whose names begin with `called`, as planned.
///
/// # Errors
/// In words.
pub fn unpack(stream: impl Read, called: &str, plan: &Plan) -> Result<(), String> {
    let broken = |error: io::Error| os_words(&error);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = fs::open(plan.dir.as_str(), flags, Mode::empty())
        .map_err(|error| format!("open {}: {}", plan.dir, os_words(&error.into())))?;
    let mut unpack = Unpack {
        root,
        dir: Path::new(&plan.dir).to_owned(),
        times: Vec::new(),
    };
    let mut archive = Archive::new(stream);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = renamed(&entry.path().map_err(broken)?, called, &plan.name)?;
        let link = match entry.header().entry_type() {
            EntryType::Link => {
                let link = entry.link_name().map_err(broken)?.unwrap_or_default();
                Some(renamed(&link, called, &plan.name)?)
            }
            _ => None,
        };
        if let Some(base) = name.file_name() {
            unpack.entry(&mut entry, &name, base, link.as_deref())?;
        }
    }
    unpack.set_times();
    Ok(())
}

/// The name under the planned one; only plain names are left in it.
fn renamed(name: &Path, called: &str, planned: &str) -> Result<PathBuf, String> {
    let rest = match called {
        "/" | "." => name,
        called => name.strip_prefix(called).unwrap_or(name),
    };
    let mut path = match planned {
        "/" | "." => PathBuf::new(),
        planned => PathBuf::from(planned),
    };
    for part in rest.components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(format!("{name:?} is outside of what was asked for"));
            }
        }
    }
    Ok(path)
}

struct Unpack {
    root: OwnedFd,
    /// As the user knows it.
    dir: PathBuf,
    times: Vec<(PathBuf, Timestamps)>,
}

impl Unpack {
    fn entry(
        &mut self,
        entry: &mut Entry<'_, impl Read>,
        name: &Path,
        base: &OsStr,
        link: Option<&Path>,
    ) -> Result<(), String> {
        let kind = entry.header().entry_type();
        let failed =
            |error: io::Error| format!("{}: {}", self.dir.join(name).display(), os_words(&error));
        let parent = self.parent(name).map_err(failed)?;
        let there = fs::statat(&parent, base, AtFlags::SYMLINK_NOFOLLOW).ok();
        let was_dir =
            there.map(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory);
        match (was_dir, kind.is_dir()) {
            (Some(true), false) => return Err(self.kinds("directory", name, "non-directory")),
            (Some(false), true) => return Err(self.kinds("non-directory", name, "directory")),
            (Some(false), false) => fs::unlinkat(&parent, base, AtFlags::empty())
                .map_err(|error| failed(error.into()))?,
            (Some(true), true) | (None, _) => {}
        }
        self.make(&parent, base, entry, link, was_dir == Some(true))
            .map_err(failed)?;
        if kind.is_dir() && self.times.len() < REMEMBERED {
            self.times.push((name.to_owned(), times(entry)));
        }
        Ok(())
    }

    fn kinds(&self, there: &str, name: &Path, new: &str) -> String {
        let path = self.dir.join(name);
        format!(
            "cannot overwrite {there} {path:?} with {new} {:?}",
            self.dir
        )
    }

    fn make(
        &self,
        parent: &OwnedFd,
        base: &OsStr,
        entry: &mut Entry<'_, impl Read>,
        link: Option<&Path>,
        merges: bool,
    ) -> io::Result<()> {
        let mode = Mode::from_raw_mode(entry.header().mode()? & 0o7777);
        match entry.header().entry_type() {
            EntryType::Directory => {
                if !merges {
                    fs::mkdirat(parent, base, Mode::RWXU)?;
                }
                fs::fchmod(enter(parent.as_fd(), base)?, mode)?;
            }
            EntryType::Symlink => {
                let target = entry.link_name()?.unwrap_or_default();
                fs::symlinkat(&*target, parent, base)?;
            }
            EntryType::Link => {
                let target = link.unwrap_or(Path::new(""));
                let from = self.parent(target)?;
                let name = target.file_name().unwrap_or_default();
                fs::linkat(&from, name, parent, base, AtFlags::empty())?;
            }
            EntryType::Fifo => fs::mknodat(parent, base, FileType::Fifo, mode, 0)?,
            EntryType::Char | EntryType::Block => device(parent, base, entry, mode)?,
            EntryType::Regular | EntryType::Continuous => {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
                let file = fs::openat(parent, base, flags, Mode::RUSR | Mode::WUSR)?;
                let mut file = File::from(file);
                io::copy(entry, &mut file)?;
                fs::fchmod(&file, mode)?;
                fs::futimens(&file, &times(entry))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The directory that `name` is in, made where it is missing.
    fn parent(&self, name: &Path) -> io::Result<OwnedFd> {
        let mut dir = self.root.try_clone()?;
        let parent = name.parent().unwrap_or(Path::new(""));
        for part in parent.components().map(Component::as_os_str) {
            match fs::mkdirat(&dir, part, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            dir = enter(dir.as_fd(), part)?;
        }
        Ok(dir)
    }

    fn set_times(&self) {
        for (name, times) in &self.times {
            let base = name.file_name().map_or_else(OsString::new, OsStr::to_owned);
            let dir = self.parent(name).and_then(|dir| enter(dir.as_fd(), &base));
            // What has been replaced since keeps the time it has.
            let _ = dir.map(|dir| fs::futimens(dir, times));
        }
    }
}

fn enter(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(fs::openat(dir, name, flags, Mode::empty())?)
}

/// Only the root of a machine may make one; elsewhere it is left out, as Docker does in a user namespace.
fn device(
    parent: &OwnedFd,
    base: &OsStr,
    entry: &Entry<'_, impl Read>,
    mode: Mode,
) -> io::Result<()> {
    let header = entry.header();
    let kind = match header.entry_type() {
        EntryType::Char => FileType::CharacterDevice,
        _ => FileType::BlockDevice,
    };
    let (major, minor) = (header.device_major()?, header.device_minor()?);
    let number = rustix::fs::makedev(major.unwrap_or(0), minor.unwrap_or(0));
    match fs::mknodat(parent, base, kind, mode, number) {
        Ok(()) | Err(Errno::PERM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn times(entry: &Entry<'_, impl Read>) -> Timestamps {
    let seconds = entry.header().mtime().unwrap_or(0);
    let time = Timespec {
        tv_sec: i64::try_from(seconds).unwrap_or(0),
        tv_nsec: 0,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, link) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(0o755);
            header.set_size(0);
            header.set_cksum();
            builder.append(&header, io::empty()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn unpacked(dir: &Path, entries: &[(&str, EntryType, &str)]) -> Result<(), String> {
        let plan = Plan {
            dir: dir.to_string_lossy().into_owned(),
            name: "new".into(),
        };
        unpack(&archive(entries)[..], "old", &plan)
    }

    #[test]
    fn the_first_name_becomes_the_planned_one() {
        let dir = tempfile::tempdir().unwrap();
        let entries = [
            ("old/", EntryType::Directory, ""),
            ("old/old", EntryType::Regular, ""),
            ("old/h", EntryType::Link, "old/old"),
        ];
        unpacked(dir.path(), &entries).unwrap();
        assert!(dir.path().join("new/old").is_file() && dir.path().join("new/h").is_file());
    }

    #[test]
    fn nothing_is_written_elsewhere() {
        let outside = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let away = outside.path().to_str().unwrap();
        for entries in [
            &[("old/../../x", EntryType::Regular, "")][..],
            &[
                ("old", EntryType::Symlink, away),
                ("old/x", EntryType::Regular, ""),
            ],
            &[
                ("old/s", EntryType::Symlink, away),
                ("old/s/x", EntryType::Regular, ""),
            ],
            &[
                ("old/s", EntryType::Symlink, away),
                ("old/s", EntryType::Directory, ""),
            ],
            &[("old/h", EntryType::Link, "old/../../../etc/passwd")],
        ] {
            assert!(unpacked(dir.path(), entries).is_err(), "{entries:?}");
        }
        assert_eq!(outside.path().read_dir().unwrap().count(), 0);
    }
}
