//! One value of a group, by file name. On v1 each controller is a directory: the one that has the file is meant.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::{AsFd, OwnedFd},
};

use rustix::{
    fs::{Mode, OFlags, openat},
    io::Errno,
};

/// No file of a group is larger; `memory.stat` has a few thousand bytes.
const MOST_BYTES: u64 = 64 << 10;

/// Opens a group's file; `ENOENT` when no directory has it.
pub(super) fn open(dirs: &[OwnedFd], file: &str, flags: OFlags) -> io::Result<OwnedFd> {
    for dir in dirs {
        match openat(dir.as_fd(), file, flags | OFlags::CLOEXEC, Mode::empty()) {
            Err(Errno::NOENT) => {}
            other => return Ok(other?),
        }
    }
    Err(Errno::NOENT.into())
}

/// Whether there is such a file.
pub(super) fn has(dirs: &[OwnedFd], file: &str) -> bool {
    open(dirs, file, OFlags::PATH).is_ok()
}

/// Writes all of `value` at once, as the kernel wants it.
pub(super) fn write(dirs: &[OwnedFd], file: &str, value: &str) -> io::Result<()> {
    let file = open(dirs, file, OFlags::WRONLY | OFlags::TRUNC)?;
    File::from(file).write_all(value.as_bytes())
}

/// The whole text.
pub(super) fn read(dirs: &[OwnedFd], file: &str) -> Option<String> {
    let file = open(dirs, file, OFlags::RDONLY).ok()?;
    let mut text = String::new();
    File::from(file)
        .take(MOST_BYTES)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

/// A single number; nothing for `max`.
pub(super) fn number(dirs: &[OwnedFd], file: &str) -> Option<u64> {
    read(dirs, file)?.trim().parse().ok()
}

/// The number of a line `key number`.
pub(super) fn field(text: &str, key: &str) -> Option<u64> {
    fields(text).find_map(|(name, value)| (name == key).then_some(value))
}

/// All lines `key number`.
pub(super) fn fields(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.lines().filter_map(|line| {
        let (key, value) = line.split_once(' ')?;
        Some((key, value.trim().parse().ok()?))
    })
}
