//! Owner, mode, attributes and times of what is copied.

use std::{
    ffi::OsStr,
    io,
    os::fd::{AsFd, BorrowedFd},
};

use rustix::{
    fs::{self, AtFlags, FileType, Gid, Mode, Stat, Timespec, Timestamps, Uid, XattrFlags},
    io::Errno,
};

use super::chmod::Chmod;

/// What becomes of copied files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dress {
    /// Their user and group; `None` keeps the source's.
    pub(crate) owner: Option<(u32, u32)>,
    /// Their permission bits; `None` keeps the source's.
    pub(crate) mode: Option<Chmod>,
}

/// Bytes of extended attributes, or of their names, that one file may have.
const MAX_XATTRS: usize = 64 << 10;

impl Dress {
    /// Whose a copy of this file becomes.
    pub(super) fn ids(&self, stat: &Stat) -> (u32, u32) {
        self.owner.unwrap_or((stat.st_uid, stat.st_gid))
    }

    /// The permission bits of its copy.
    pub(super) fn bits(&self, stat: &Stat) -> u32 {
        let bits = super::permissions(stat);
        match &self.mode {
            Some(chmod) => chmod.apply(bits, super::kind(stat) == FileType::Directory),
            None => bits,
        }
    }

    /// All of an open file or directory. Owner first: changing it clears set-user-id and capabilities.
    pub(super) fn put_on(
        &self,
        fd: BorrowedFd<'_>,
        stat: &Stat,
        xattrs: &[Xattr],
    ) -> io::Result<()> {
        own(fd, self.ids(stat))?;
        set_xattrs(fd, xattrs);
        fs::fchmod(fd, Mode::from_raw_mode(self.bits(stat)))?;
        Ok(fs::futimens(fd, &times(stat))?)
    }

    /// Those of a link or a pipe, by its name.
    pub(super) fn put_on_node(
        &self,
        dir: BorrowedFd<'_>,
        name: &OsStr,
        stat: &Stat,
    ) -> io::Result<()> {
        let (uid, gid) = self.ids(stat);
        let nofollow = AtFlags::SYMLINK_NOFOLLOW;
        fs::chownat(
            dir,
            name,
            Some(Uid::from_raw(uid)),
            Some(Gid::from_raw(gid)),
            nofollow,
        )?;
        Ok(fs::utimensat(dir, name, &times(stat), nofollow)?)
    }
}

/// Changes the owner.
pub(super) fn own(fd: impl AsFd, (uid, gid): (u32, u32)) -> io::Result<()> {
    Ok(fs::fchown(
        fd,
        Some(Uid::from_raw(uid)),
        Some(Gid::from_raw(gid)),
    )?)
}

/// A source's time of change, which its copy keeps.
pub(super) fn times(stat: &Stat) -> Timestamps {
    let time = Timespec {
        tv_sec: stat.st_mtime,
        tv_nsec: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// An extended attribute: its name and its value.
pub(super) type Xattr = (Vec<u8>, Vec<u8>);

/// The attributes of an open file that a layer keeps, sorted by name.
pub(super) fn xattrs(fd: BorrowedFd<'_>) -> io::Result<Vec<Xattr>> {
    let mut names = [0; 1024];
    let names = match fs::flistxattr(fd, &mut names) {
        Ok(count) => names[..count].to_vec(),
        Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        Err(Errno::RANGE) => {
            let mut names = vec![0; MAX_XATTRS];
            let count = fs::flistxattr(fd, &mut names)?;
            names.truncate(count);
            names
        }
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    for name in names.split(|byte| *byte == 0) {
        if name.is_empty() || !drydock_image::layer::keeps_xattr(name) {
            continue;
        }
        let mut value = vec![0; MAX_XATTRS];
        match fs::fgetxattr(fd, name, &mut value) {
            Ok(count) => value.truncate(count),
            // Gone between the two calls.
            Err(Errno::NODATA) => continue,
            Err(error) => return Err(error.into()),
        }
        found.push((name.to_vec(), value));
    }
    found.sort_unstable();
    Ok(found)
}

/// Sets those that the file system takes, as BuildKit does: the others are not worth a failed step.
pub(super) fn set_xattrs(fd: BorrowedFd<'_>, xattrs: &[Xattr]) {
    for (name, value) in xattrs {
        if let Err(error) = fs::fsetxattr(fd, name.as_slice(), value, XattrFlags::empty()) {
            tracing::debug!(name = %String::from_utf8_lossy(name), %error, "an extended attribute is lost");
        }
    }
}
