//! Making files inside a layer's directory, whatever the layer says.
//!
//! Names come from strangers. Directories are opened with `openat2(2)` and `RESOLVE_IN_ROOT`, so a symbolic link of
//! the layer leads at most to the layer's own root; the last component is then made relative to that descriptor and
//! is never followed.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::{
    fs::{
        self, AtFlags, FileType, Mode, OFlags, RawMode, ResolveFlags, Stat, Timespec, Timestamps,
    },
    io::Errno,
};

use super::{
    LAST_ID, NOBODY, OPAQUE,
    name::{self, Path},
    xattr,
};
use crate::{LayerError, tar::Entry};

/// A layer's directory, being filled.
pub(super) struct Place<'a> {
    root: BorrowedFd<'a>,
    /// The directory of the last entry: neighbours in the stream are mostly neighbours on disk.
    last_parent: Option<(Vec<u8>, OwnedFd)>,
    own_ids: (u64, u64),
}

impl<'a> Place<'a> {
    pub(super) fn new(root: BorrowedFd<'a>) -> Self {
        let own_ids = (
            rustix::process::geteuid().as_raw().into(),
            rustix::process::getegid().as_raw().into(),
        );
        Self {
            root,
            last_parent: None,
            own_ids,
        }
    }

    /// The directory of these components, made where it is missing.
    pub(super) fn dir(&mut self, components: &[&[u8]]) -> Result<BorrowedFd<'_>, LayerError> {
        let path = name::join(components);
        // Looked up again below, because the borrow checker does not see that this returns.
        if !matches!(&self.last_parent, Some((known, _)) if *known == path) {
            let dir = match self.open_dir(&path) {
                Err(Errno::NOENT) => self.make_dirs(components)?,
                other => other.map_err(|error| LayerError::os("open", &path, error))?,
            };
            self.last_parent = Some((path, dir));
        }
        Ok(self
            .last_parent
            .as_ref()
            .map_or(self.root, |(_, dir)| dir.as_fd()))
    }

    fn open_dir(&self, path: &[u8]) -> rustix::io::Result<OwnedFd> {
        let path = if path.is_empty() { b"." } else { path };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        loop {
            match fs::openat2(self.root, path, flags, Mode::empty(), resolve) {
                // Something was renamed or mounted, anywhere, while a link with `..` was followed.
                Err(Errno::AGAIN | Errno::INTR) => {}
                other => return other,
            }
        }
    }

    fn make_dirs(&self, components: &[&[u8]]) -> Result<OwnedFd, LayerError> {
        let mut dir = self
            .open_dir(b"")
            .map_err(|error| LayerError::os("open", b".", error))?;
        for depth in 1..=components.len() {
            let path = name::join(&components[..depth]);
            dir = match self.open_dir(&path) {
                Err(Errno::NOENT) => {
                    let last = components[depth - 1];
                    fs::mkdirat(&dir, last, Mode::from_raw_mode(0o755))
                        .map_err(|error| LayerError::os("create the directory", &path, error))?;
                    self.open_dir(&path)
                }
                other => other,
            }
            .map_err(|error| LayerError::os("open", &path, error))?;
        }
        Ok(dir)
    }

    /// What is at a path, not following a link there.
    pub(super) fn stat(&mut self, path: &Path<'_>) -> Result<Option<Stat>, LayerError> {
        let last = path.last;
        let dir = self.dir(&path.parents)?;
        match fs::statat(dir, last, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(LayerError::os("look at", &path.joined(), error)),
        }
    }

    /// Takes away what an earlier entry of the same layer put there.
    pub(super) fn remove(&mut self, path: &Path<'_>) -> Result<(), LayerError> {
        let dir = self.dir(&path.parents)?;
        let removed = remove_tree(dir, path.last);
        // The directory that was remembered may be gone.
        self.last_parent = None;
        removed.map_err(|error| LayerError::os("replace", &path.joined(), error))
    }

    /// As [`Place::remove`], but what was there is still to be had in the directory `aside` under its number.
    pub(super) fn move_aside(
        &mut self,
        path: &Path<'_>,
        aside: BorrowedFd<'_>,
        number: u32,
    ) -> Result<(), LayerError> {
        let dir = self.dir(&path.parents)?;
        let moved = fs::renameat(dir, path.last, aside, number.to_string());
        self.last_parent = None;
        moved.map_err(|error| LayerError::os("replace", &path.joined(), error))
    }

    pub(super) fn make_dir(&mut self, path: &Path<'_>) -> Result<OwnedFd, LayerError> {
        let failed = |error| LayerError::os("create the directory", &path.joined(), error);
        let dir = self.dir(&path.parents)?;
        match fs::mkdirat(dir, path.last, Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(failed(error)),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fs::openat(dir, path.last, flags, Mode::empty()).map_err(failed)
    }

    pub(super) fn make_file(&mut self, path: &Path<'_>) -> Result<OwnedFd, LayerError> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = self.dir(&path.parents)?;
        fs::openat(dir, path.last, flags, Mode::from_raw_mode(0o600))
            .map_err(|error| LayerError::os("create", &path.joined(), error))
    }

    pub(super) fn make_symlink(
        &mut self,
        path: &Path<'_>,
        target: &[u8],
    ) -> Result<(), LayerError> {
        let dir = self.dir(&path.parents)?;
        fs::symlinkat(target, dir, path.last)
            .map_err(|error| LayerError::os("create the link", &path.joined(), error))
    }

    pub(super) fn make_hard_link(
        &mut self,
        path: &Path<'_>,
        target: &Path<'_>,
    ) -> Result<(), LayerError> {
        let failed = |error| LayerError::os("create the hard link", &path.joined(), error);
        let from = self
            .open_dir(&name::join(&target.parents))
            .map_err(|error| {
                LayerError::os("find the hard link's target of", &path.joined(), error)
            })?;
        let dir = self.dir(&path.parents)?;
        fs::linkat(&from, target.last, dir, path.last, AtFlags::empty()).map_err(failed)
    }

    pub(super) fn make_fifo(&mut self, path: &Path<'_>) -> Result<(), LayerError> {
        self.make_node(path, FileType::Fifo)
    }

    /// A character device 0:0: the one device that the kernel lets anybody make.
    pub(super) fn make_whiteout(&mut self, path: &Path<'_>) -> Result<(), LayerError> {
        self.make_node(path, FileType::CharacterDevice)
    }

    fn make_node(&mut self, path: &Path<'_>, kind: FileType) -> Result<(), LayerError> {
        let dir = self.dir(&path.parents)?;
        fs::mknodat(dir, path.last, kind, Mode::from_raw_mode(0o600), 0)
            .map_err(|error| LayerError::os("create", &path.joined(), error))
    }

    pub(super) fn make_opaque(&mut self, components: &[&[u8]]) -> Result<(), LayerError> {
        let dir = self.dir(components)?;
        xattr::set(dir, OPAQUE.as_bytes(), b"y")
            .map_err(|error| LayerError::os("mark as opaque", &name::join(components), error))
    }

    /// Owner, mode, attributes and time of an open file or directory, in the order in which none undoes another.
    pub(super) fn dress(&self, fd: BorrowedFd<'_>, entry: &Entry) -> Result<(), LayerError> {
        let failed = |action, error| LayerError::os(action, &entry.name, error);
        if let Some((uid, gid)) = self.owner(entry)? {
            fs::fchown(fd, Some(uid), Some(gid)).map_err(|error| owner_refused(entry, error))?;
        }
        // After the owner, whose change clears set-user-id.
        fs::fchmod(fd, mode(entry)).map_err(|error| failed("set the mode of", error))?;
        for (name, value) in entry.xattrs.iter().filter(|(name, _)| xattr::is_kept(name)) {
            match xattr::set(fd, name, value) {
                // A file system without attributes: the file is still the file.
                Ok(()) | Err(Errno::OPNOTSUPP) => {}
                Err(error) => return Err(failed("set an attribute of", error)),
            }
        }
        fs::futimens(fd, &times(entry)).map_err(|error| failed("set the time of", error))
    }

    /// The same for what cannot be opened: a link, a pipe.
    pub(super) fn dress_node(&mut self, path: &Path<'_>, entry: &Entry) -> Result<(), LayerError> {
        let failed = |action, error| LayerError::os(action, &entry.name, error);
        let owner = self.owner(entry)?;
        let dir = self.dir(&path.parents)?;
        let nofollow = AtFlags::SYMLINK_NOFOLLOW;
        if let Some((uid, gid)) = owner {
            fs::chownat(dir, path.last, Some(uid), Some(gid), nofollow)
                .map_err(|error| owner_refused(entry, error))?;
        }
        if entry.kind == crate::tar::Kind::Fifo {
            // Follows no link: this layer's only writer has just made a pipe of this name.
            fs::chmodat(dir, path.last, mode(entry), AtFlags::empty())
                .map_err(|error| failed("set the mode of", error))?;
        }
        fs::utimensat(dir, path.last, &times(entry), nofollow)
            .map_err(|error| failed("set the time of", error))
    }

    /// Times of directories are set last: making files in them changes them.
    pub(super) fn set_dir_time(&self, path: &[u8], seconds: i64, nanos: u32) {
        if let Ok(dir) = self.open_dir(path) {
            // One that was replaced since keeps the time it has.
            let _ = fs::futimens(dir, &timestamps(seconds, nanos));
        }
    }

    fn owner(&self, entry: &Entry) -> Result<Option<(fs::Uid, fs::Gid)>, LayerError> {
        if (entry.uid, entry.gid) == self.own_ids {
            return Ok(None);
        }
        // Who no sandbox has is nobody there; the layer's tar stream still says who it was.
        let raw = |id: u64| u32::try_from(id).map_err(|_| owner_error(entry));
        let known = |id: u64| if id > LAST_ID { NOBODY } else { id };
        Ok(Some((
            fs::Uid::from_raw(raw(known(entry.uid))?),
            fs::Gid::from_raw(raw(known(entry.gid))?),
        )))
    }
}

fn owner_error(entry: &Entry) -> LayerError {
    LayerError::Owner {
        name: String::from_utf8_lossy(&entry.name).into(),
        uid: entry.uid,
        gid: entry.gid,
    }
}

/// EINVAL: the id has no place in this user namespace. EPERM: not root of one.
fn owner_refused(entry: &Entry, error: Errno) -> LayerError {
    match error {
        Errno::INVAL | Errno::PERM => owner_error(entry),
        other => LayerError::os("set the owner of", &entry.name, other),
    }
}

fn mode(entry: &Entry) -> Mode {
    Mode::from_raw_mode((entry.mode & 0o7777) as RawMode)
}

fn times(entry: &Entry) -> Timestamps {
    timestamps(entry.mtime, entry.mtime_nanos)
}

fn timestamps(seconds: i64, nanos: u32) -> Timestamps {
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: nanos.into(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// Removes a file, or a directory with all in it. `std` does the latter without following links.
fn remove_tree(dir: BorrowedFd<'_>, last: &[u8]) -> rustix::io::Result<()> {
    match fs::unlinkat(dir, last, AtFlags::empty()) {
        Err(Errno::ISDIR) => {}
        other => return other,
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inner = fs::openat(dir, last, flags, Mode::empty())?;
    for entry in fs::Dir::read_from(&inner)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            remove_tree(inner.as_fd(), name)?;
        }
    }
    fs::unlinkat(dir, last, AtFlags::REMOVEDIR)
}
