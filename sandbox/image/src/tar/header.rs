//! One header block of 512 bytes ↔ its fields. Pure.

use super::{Kind, TarError};

/// A header block.
pub type Block = [u8; 512];

/// The fields of a header block, before extended records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name, with its prefix joined.
    pub name: Vec<u8>,
    /// Link target.
    pub link: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Size as written, whatever the type.
    pub size: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// The type letter.
    pub letter: u8,
    /// Major and minor number.
    pub device: (u32, u32),
}

const CHECKSUM: std::ops::Range<usize> = 148..156;

/// Reads a header block; `None` is the block of zeros that ends an archive.
///
/// # Errors
/// When the checksum or a number is wrong.
pub fn parse(block: &Block) -> Result<Option<Header>, TarError> {
    if block.iter().all(|&b| b == 0) {
        return Ok(None);
    }
    if !checksum_fits(block) {
        return Err(TarError::Checksum);
    }
    let ustar = &block[257..263] == b"ustar\0";
    let name = text(&block[0..100]);
    let prefix = if ustar { text(&block[345..500]) } else { b"" };
    let name = if prefix.is_empty() {
        name.to_vec()
    } else {
        [prefix, b"/", name].concat()
    };
    let device = |range: std::ops::Range<usize>| {
        // Old streams leave rubbish here; it matters for devices alone, and we make none.
        number(&block[range]).map_or(0, |n| u32::try_from(n).unwrap_or(0))
    };
    Ok(Some(Header {
        name,
        link: text(&block[157..257]).to_vec(),
        mode: unsigned(&block[100..108], "mode")? as u32 & 0o7777,
        uid: unsigned(&block[108..116], "user id")?,
        gid: unsigned(&block[116..124], "group id")?,
        size: unsigned(&block[124..136], "size")?,
        mtime: number(&block[136..148]).ok_or(TarError::Field("time"))?,
        letter: block[156],
        device: (device(329..337), device(337..345)),
    }))
}

/// Whether these first bytes of a file look like a tar stream's: a good header, or the zeros of an empty archive.
#[must_use]
pub fn sniff(start: &[u8]) -> bool {
    start
        .first_chunk::<512>()
        .is_some_and(|block| block.iter().all(|&b| b == 0) || checksum_fits(block))
}

/// Writes a header block. Numbers that do not fit are written as 0, names are cut: the extended records say them.
#[must_use]
pub fn format(header: &Header) -> Block {
    let mut block = [0; 512];
    put_text(&mut block[0..100], &header.name);
    put_octal(&mut block[100..108], header.mode.into());
    put_octal(&mut block[108..116], header.uid);
    put_octal(&mut block[116..124], header.gid);
    put_octal(&mut block[124..136], header.size);
    put_octal(
        &mut block[136..148],
        u64::try_from(header.mtime).unwrap_or(0),
    );
    block[156] = header.letter;
    put_text(&mut block[157..257], &header.link);
    block[257..265].copy_from_slice(b"ustar\x0000");
    put_octal(&mut block[329..337], header.device.0.into());
    put_octal(&mut block[337..345], header.device.1.into());
    let (sum, _) = checksums(&block);
    put_octal(&mut block[148..155], sum.into());
    block[155] = b' ';
    block
}

/// Whether a number fits in an octal field of `width` bytes, one of which is the closing zero.
#[must_use]
pub fn fits_octal(number: u64, width: u32) -> bool {
    number < 1 << (3 * (width - 1))
}

impl Kind {
    /// By the type letter; a regular file whose name ends in a slash is a directory in old streams.
    #[must_use]
    pub fn from_letter(letter: u8, name: &[u8]) -> Self {
        match letter {
            0 if name.ends_with(b"/") => Self::Directory,
            0 | b'0' | b'7' => Self::File,
            b'1' => Self::HardLink,
            b'2' => Self::Symlink,
            b'3' => Self::CharDevice,
            b'4' => Self::BlockDevice,
            b'5' => Self::Directory,
            b'6' => Self::Fifo,
            other => Self::Other(other),
        }
    }

    /// The type letter.
    #[must_use]
    pub fn letter(self) -> u8 {
        match self {
            Self::File => b'0',
            Self::HardLink => b'1',
            Self::Symlink => b'2',
            Self::CharDevice => b'3',
            Self::BlockDevice => b'4',
            Self::Directory => b'5',
            Self::Fifo => b'6',
            Self::Other(letter) => letter,
        }
    }
}

fn checksum_fits(block: &Block) -> bool {
    let (unsigned, signed) = checksums(block);
    number(&block[CHECKSUM])
        .is_some_and(|sum| sum == i64::from(unsigned) || sum == i64::from(signed))
}

/// Of unsigned bytes, as is right, and of signed bytes, as some old programs did.
fn checksums(block: &Block) -> (u32, i32) {
    let mut unsigned = 0;
    let mut signed = 0;
    for (index, &byte) in block.iter().enumerate() {
        let byte = if CHECKSUM.contains(&index) {
            b' '
        } else {
            byte
        };
        unsigned += u32::from(byte);
        signed += i32::from(byte.cast_signed());
    }
    (unsigned, signed)
}

fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    &field[..end]
}

fn unsigned(field: &[u8], what: &'static str) -> Result<u64, TarError> {
    number(field)
        .and_then(|n| u64::try_from(n).ok())
        .ok_or(TarError::Field(what))
}

/// Octal between spaces and zeros, or GNU's base 256, which the first bit tells.
fn number(field: &[u8]) -> Option<i64> {
    let &first = field.first()?;
    if first & 0x80 != 0 {
        return base256(field);
    }
    let digits = field
        .iter()
        .skip_while(|&&b| b == b' ' || b == 0)
        .take_while(|&&b| b != b' ' && b != 0);
    let mut value: i64 = 0;
    for &digit in digits {
        if !(b'0'..=b'7').contains(&digit) {
            return None;
        }
        value = value.checked_mul(8)?.checked_add(i64::from(digit - b'0'))?;
    }
    Some(value)
}

fn base256(field: &[u8]) -> Option<i64> {
    let negative = field[0] & 0x40 != 0;
    let mut value: i128 = if negative { -1 } else { 0 };
    for (index, &byte) in field.iter().enumerate() {
        let byte = match (index, negative) {
            (0, false) => byte & 0x7f,
            _ => byte,
        };
        value = (value << 8) | i128::from(byte);
        if i64::try_from(value).is_err() {
            return None;
        }
    }
    i64::try_from(value).ok()
}

fn put_text(field: &mut [u8], text: &[u8]) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
}

fn put_octal(field: &mut [u8], number: u64) {
    let width = field.len() - 1;
    let fits = number < 1 << (3 * width);
    let mut rest = if fits { number } else { 0 };
    for digit in field[..width].iter_mut().rev() {
        *digit = b'0' + (rest & 7) as u8;
        rest >>= 3;
    }
}
