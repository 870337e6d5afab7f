//! What is at a path: the `X-Docker-Container-Path-Stat` header.

use std::{io, os::fd::BorrowedFd, path::Path};

use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use drydock_runtime::paths;
use jiff::Timestamp;
use rustix::fs::{self, AtFlags, FileType, OFlags, Stat};
use serde::Serialize;

use super::path::{Place, follow};
use crate::clock;

/// The header's name.
pub(crate) const HEADER: &str = "x-docker-container-path-stat";

/// What Docker tells of a path.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PathStat {
    name: String,
    size: i64,
    /// As Go's `os.FileMode` has it.
    mode: u32,
    mtime: String,
    /// Of a link: where all links end, from the root.
    link_target: String,
}

/// What is at `place`, a link of that name not followed.
pub(crate) fn lstat(root: BorrowedFd<'_>, place: &Place) -> io::Result<Stat> {
    let dir = paths::open_in(root, &place.dir, OFlags::PATH | OFlags::DIRECTORY)?;
    Ok(match &place.base {
        Some(base) => fs::statat(&dir, base, AtFlags::SYMLINK_NOFOLLOW)?,
        None => fs::fstat(&dir)?,
    })
}

impl PathStat {
    /// As [`lstat`] has it.
    pub(crate) fn of(root: BorrowedFd<'_>, place: &Place, stat: &Stat) -> io::Result<Self> {
        let link_target = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => {
                let target = follow(root, &place.path())?;
                Path::new("/").join(target).to_string_lossy().into_owned()
            }
            _ => String::new(),
        };
        Ok(Self {
            name: place.name.to_string_lossy().into_owned(),
            size: stat.st_size,
            mode: go_mode(stat.st_mode),
            mtime: mtime(stat),
            link_target,
        })
    }

    /// JSON in base64.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let json = serde_json::to_vec(self).ok()?;
        HeaderValue::try_from(STANDARD.encode(json)).ok()
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "the fields' types differ between architectures"
)]
fn mtime(stat: &Stat) -> String {
    let nanos = i32::try_from(stat.st_mtime_nsec).unwrap_or(0);
    Timestamp::new(stat.st_mtime.into(), nanos).map_or_else(|_| clock::NEVER.into(), clock::rfc3339)
}

/// Go keeps the permission bits where they are and has bits of its own for the rest.
fn go_mode(mode: u32) -> u32 {
    const SETUID: u32 = 1 << 23;
    const SETGID: u32 = 1 << 22;
    const STICKY: u32 = 1 << 20;
    let kind = match FileType::from_raw_mode(mode) {
        FileType::Directory => 1 << 31,
        FileType::Symlink => 1 << 27,
        FileType::BlockDevice => 1 << 26,
        FileType::CharacterDevice => 1 << 26 | 1 << 21,
        FileType::Fifo => 1 << 25,
        FileType::Socket => 1 << 24,
        FileType::RegularFile | FileType::Unknown => 0,
    };
    let special = [(0o4000, SETUID), (0o2000, SETGID), (0o1000, STICKY)];
    special
        .into_iter()
        .filter(|(bit, _)| mode & bit != 0)
        .fold(kind | mode & 0o777, |all, (_, bit)| all | bit)
}

#[cfg(test)]
mod tests {
    #[test]
    fn modes_are_as_go_has_them() {
        // From a real daemon's header: a directory, a link, a pipe, a file.
        for (mode, go) in [
            (0o040_755, 2_147_484_141),
            (0o120_777, 134_218_239),
            (0o010_644, 33_554_852),
            (0o100_755, 493),
            (0o104_755, 493 + (1 << 23)),
        ] {
            assert_eq!(super::go_mode(mode), go);
        }
    }
}
