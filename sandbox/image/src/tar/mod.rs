//! Tar streams: ustar with PAX records, and what GNU tar and old Docker write.
//!
//! - [`Entry`]: what a stream says of one file.
//! - [`header`]: one block of 512 bytes ↔ fields; [`pax`]: extended records; both pure.
//! - [`Reader`], [`Writer`]: streams.
//!
//! The reader takes nothing on trust: every name, record and number has a bound, and nothing is read into memory but
//! names and attributes. It never touches a file.

pub mod header;
pub mod pax;
mod read;
mod write;

pub use header::sniff;
pub use read::Reader;
pub use write::Writer;

/// Longest name or link target.
pub const MAX_NAME: usize = 4096;
/// Largest extended record, which may hold extended attributes.
pub const MAX_RECORD: u64 = 1 << 20;

/// What kind of file an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file; its bytes follow.
    File,
    /// Another name of a file that came before.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
    /// Something else, by its type letter.
    Other(u8),
}

/// What a tar stream says of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name as written: unchecked.
    pub name: Vec<u8>,
    /// Its link target as written: unchecked.
    pub link: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, with set-user-id and its like.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Bytes of data; 0 for all but regular files.
    pub size: u64,
    /// When it was changed: seconds since 1970.
    pub mtime: i64,
    /// And nanoseconds.
    pub mtime_nanos: u32,
    /// Extended attributes by name.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// A device's numbers.
    pub device: (u32, u32),
}

impl Entry {
    /// An entry of root's, without data.
    #[must_use]
    pub fn new(name: impl Into<Vec<u8>>, kind: Kind, mode: u32) -> Self {
        Self {
            name: name.into(),
            link: Vec::new(),
            kind,
            mode,
            uid: 0,
            gid: 0,
            size: 0,
            mtime: 0,
            mtime_nanos: 0,
            xattrs: Vec::new(),
            device: (0, 0),
        }
    }
}

/// Why a stream cannot be read as a tar stream.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// A header whose checksum is wrong.
    #[error("not a tar stream, or a damaged one: bad header checksum")]
    Checksum,
    /// A field that is not a number.
    #[error("a tar header has a bad {0}")]
    Field(&'static str),
    /// A malformed extended record.
    #[error("a tar stream has a malformed extended record")]
    Record,
    /// A name, link or record over its bound.
    #[error("a tar stream has a {what} of {size} bytes, more than {limit}")]
    TooLong {
        /// Of what.
        what: &'static str,
        /// How long.
        size: u64,
        /// How long it may be.
        limit: u64,
    },
    /// Something that we do not read.
    #[error("a tar stream uses {0}, which is not supported")]
    Unsupported(&'static str),
    /// The stream ends inside an entry; Go's words.
    #[error("unexpected EOF")]
    Truncated,
    /// Reading or writing failed.
    #[error("could not read or write a tar stream: {0}")]
    Io(#[from] std::io::Error),
}

#[cfg(test)]
mod tests;
