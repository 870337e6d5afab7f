//! Extended attributes of layers: which are kept, and how they are read and set.

use std::os::fd::BorrowedFd;

use rustix::{
    fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr},
    io::{self, Errno},
};

use super::OPAQUE;

/// What a name and a value are.
pub(super) type Xattr = (Vec<u8>, Vec<u8>);

/// Whether an attribute is part of a layer. The overlay's own are not: a layer that could set them could point the
/// overlay elsewhere. Of the security attributes only file capabilities mean the same everywhere.
#[must_use]
pub fn is_kept(name: &[u8]) -> bool {
    // A `=` would end the name early in a tar stream.
    if name.contains(&b'=') {
        return false;
    }
    name == b"security.capability"
        || (name.starts_with(b"user.") && !name.starts_with(b"user.overlay."))
}

/// The attributes that are part of the layer, and whether the overlay has marked the directory as opaque.
pub(super) fn read(fd: BorrowedFd<'_>, limit: usize) -> io::Result<(Vec<Xattr>, bool)> {
    let Some(names) = grown(limit, |buffer| flistxattr(fd, buffer))? else {
        return Ok((Vec::new(), false));
    };
    let mut kept = Vec::new();
    let mut opaque = false;
    for name in names.split(|&b| b == 0).filter(|name| !name.is_empty()) {
        let is_opaque = name == OPAQUE.as_bytes();
        if !is_opaque && !is_kept(name) {
            continue;
        }
        // Gone between the two calls: then it is not there.
        let Some(value) = grown(limit, |buffer| fgetxattr(fd, name, buffer))? else {
            continue;
        };
        if is_opaque {
            opaque = value == b"y";
        } else {
            kept.push((name.to_vec(), value));
        }
    }
    Ok((kept, opaque))
}

pub(super) fn set(fd: BorrowedFd<'_>, name: &[u8], value: &[u8]) -> io::Result<()> {
    fsetxattr(fd, name, value, XattrFlags::empty())
}

/// Asks with a buffer that grows until it is large enough. `None` where there is nothing of the kind.
fn grown(
    limit: usize,
    ask: impl Fn(&mut [u8]) -> io::Result<usize>,
) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = vec![0; 256];
    loop {
        match ask(&mut buffer) {
            Ok(count) => {
                buffer.truncate(count);
                return Ok(Some(buffer));
            }
            Err(Errno::RANGE) if buffer.len() < limit => {
                buffer.resize(limit.min(buffer.len() * 4), 0);
            }
            Err(Errno::RANGE) => return Err(Errno::TOOBIG),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}
