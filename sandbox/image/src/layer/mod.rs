//! Layers: a tar stream → a directory under an overlay, and back.
//!
//! - [`unpack`]: applies a layer's tar stream to an empty directory; `place` does it file by file, on directory
//!   descriptors.
//! - [`write_tar`]: a directory's tar stream; hashing it gives the layer's diff id.
//! - [`list`]: what is in a layer, by name.
//! - [`split`]: what a stream says that a directory cannot hold, so that a layer gives its exact stream again.
//! - [`name`]: what an entry's name means; pure.
//!
//! In a tar stream a deleted file is an empty file `.wh.NAME` and a directory that hides what is below it holds
//! `.wh..wh..opq`. Under an overlay they are a character device 0:0 and the attribute `user.overlay.opaque`.

mod hash;
mod list;
pub mod name;
mod place;
pub mod split;
mod unpack;
mod walk;
mod xattr;

pub use hash::{HashReader, HashWriter, digest_of};
pub use list::{Listed, What, list};
pub use unpack::{Unpacked, unpack, unpack_recorded};
pub use walk::{Walked, write_tar};
pub use xattr::is_kept as keeps_xattr;

/// Bounds on one layer.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Files of any kind.
    pub entries: u64,
    /// Bytes in regular files.
    pub bytes: u64,
    /// Directories inside directories.
    pub depth: usize,
    /// Bytes of extended attributes of one file.
    pub xattr_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 500_000,
            bytes: 16 << 30,
            depth: 256,
            xattr_bytes: 128 << 10,
        }
    }
}

/// The attribute by which an overlay mounted with `userxattr` knows an opaque directory.
pub const OPAQUE: &str = "user.overlay.opaque";

/// Ids that a sandbox has. Files of others are nobody's.
const LAST_ID: u64 = 65_535;
/// The user and the group that own nothing else.
const NOBODY: u64 = 65_534;

#[cfg(test)]
mod tests;
