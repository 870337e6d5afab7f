//! The bytes of a file into another.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
};

use rustix::{
    fs::{SeekFrom, Stat, ftruncate, seek},
    io::Errno,
};

/// Bytes that are copied at a time; a smaller file is one read and one write.
pub(super) const BUFFER: usize = 128 << 10;

/// Bytes of the unit of `st_blocks`; see inode(7).
const BLOCK: i64 = 512;

/// Copies all of `from`, from its start, into an empty file. Holes of a large file stay holes.
pub(super) fn copy(from: &File, to: &File, stat: &Stat, buffer: &mut [u8]) -> io::Result<()> {
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    if size < buffer.len() as u64 {
        return small(from, to, size, buffer);
    }
    if stat.st_blocks.saturating_mul(BLOCK) >= stat.st_size {
        return large(from, to, size);
    }
    sparse(from, to, size)
}

fn small(mut from: &File, mut to: &File, size: u64, buffer: &mut [u8]) -> io::Result<()> {
    let mut done = 0;
    while done < size {
        match from.read(buffer) {
            Ok(0) => break,
            Ok(count) => {
                to.write_all(&buffer[..count])?;
                done += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Inside the kernel where it can: `io::copy` knows copy_file_range(2) and sendfile(2).
fn large(from: &File, mut to: &File, bytes: u64) -> io::Result<()> {
    io::copy(&mut from.take(bytes), &mut to).map(drop)
}

fn sparse(from: &File, to: &File, size: u64) -> io::Result<()> {
    let mut at = 0;
    while at < size {
        let data = match seek(from, SeekFrom::Data(at)) {
            Ok(data) => data,
            // Nothing but a hole is left.
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let hole = seek(from, SeekFrom::Hole(data))?.min(size);
        seek(from, SeekFrom::Start(data))?;
        seek(to, SeekFrom::Start(data))?;
        large(from, to, hole.saturating_sub(data))?;
        at = hole.max(data + 1);
    }
    Ok(ftruncate(to, size)?)
}
