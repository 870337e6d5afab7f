//! A layer's tar stream without its files' bytes, from which, with the unpacked layer, the same stream is written
//! again. Docker keeps the same in its `tar-split.json.gz`.
//!
//! A stream says more than a directory can hold: the order of entries, how headers spell their numbers, devices,
//! attributes that are not ours to set, padding, what stands behind the end. All of that is kept as it was, and only
//! what was written into regular files is replaced by the file's name.
//!
//! - [`Recorder`]: a reader through which a layer is unpacked, and which keeps what is not file content.
//! - [`replay`]: writes the stream again. That it is the same, its digest tells: the caller compares.
//!
//! # The file
//! Zstandard of records, each a tag byte, then its fields; numbers are little-endian.
//! ```text
//! B <length: u32> <bytes>                          bytes of the stream
//! F <size: u64> <length: u16> <path>               the next `size` bytes are those of this file
//! M <number: u32> <length: u16> <path>             what was at this path was moved to `replaced/<number>`
//! E <size: u64>                                    the stream ends, having had so many bytes
//! ```
//! A later entry of the same layer may take the place of an earlier one, whose bytes are still part of the stream:
//! what was there is moved aside, and `F` before such an `M` means what is there now.

mod record;
mod replay;

pub use record::Recorder;
pub use replay::replay;

/// The first bytes of the file, before it is compressed.
const MAGIC: &[u8] = b"drydock tar split 1\n";
/// Bytes in one `B` record.
const MAX_BYTES: usize = 64 << 10;
/// Longest path: what a tar name may have.
const MAX_PATH: usize = crate::tar::MAX_NAME;
/// Replaced files and directories of one layer that are moved aside.
const MAX_REPLACED: u32 = 10_000;
/// The compressor's window, and so what it takes of memory.
const WINDOW_LOG: u32 = 17;
