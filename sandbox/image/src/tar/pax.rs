//! PAX extended records: lines of `LENGTH KEY=VALUE\n`. Pure.

use super::{Entry, MAX_NAME, TarError};

/// The prefix under which Go, GNU tar and Docker keep extended attributes.
const XATTR: &[u8] = b"SCHILY.xattr.";

/// Key and value of one record.
pub type Record<'a> = (&'a [u8], &'a [u8]);

/// Splits a block of extended records.
///
/// # Errors
/// When a length or a separator is wrong.
pub fn records(mut block: &[u8]) -> Result<Vec<Record<'_>>, TarError> {
    let mut records = Vec::new();
    while !block.is_empty() {
        let space = block
            .iter()
            .position(|&b| b == b' ')
            .ok_or(TarError::Record)?;
        let length = decimal(&block[..space])
            .and_then(|n| usize::try_from(n).ok())
            .ok_or(TarError::Record)?;
        if length <= space + 1 || length > block.len() || block[length - 1] != b'\n' {
            return Err(TarError::Record);
        }
        let record = &block[space + 1..length - 1];
        let equals = record
            .iter()
            .position(|&b| b == b'=')
            .ok_or(TarError::Record)?;
        records.push((&record[..equals], &record[equals + 1..]));
        block = &block[length..];
    }
    Ok(records)
}

/// Appends one record. Its length counts its own digits.
pub fn append(block: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    block.extend_from_slice(length.to_string().as_bytes());
    block.push(b' ');
    block.extend_from_slice(key);
    block.push(b'=');
    block.extend_from_slice(value);
    block.push(b'\n');
}

/// Appends the record of an extended attribute.
pub fn append_xattr(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    append(block, &[XATTR, name].concat(), value);
}

/// Lets a record override what the header said. An empty value takes nothing back: no writer does that.
///
/// # Errors
/// When a value is malformed, too long, or of a kind that we do not read.
pub fn apply(entry: &mut Entry, key: &[u8], value: &[u8]) -> Result<(), TarError> {
    match key {
        b"path" => entry.name = name(value, "name")?,
        b"linkpath" => entry.link = name(value, "link target")?,
        b"size" => entry.size = decimal(value).ok_or(TarError::Field("size"))?,
        b"uid" => entry.uid = decimal(value).ok_or(TarError::Field("user id"))?,
        b"gid" => entry.gid = decimal(value).ok_or(TarError::Field("group id"))?,
        b"mtime" => {
            (entry.mtime, entry.mtime_nanos) = time(value).ok_or(TarError::Field("time"))?;
        }
        _ if key.starts_with(b"GNU.sparse.") => {
            return Err(TarError::Unsupported("GNU sparse files"));
        }
        _ => {
            if let Some(attribute) = key.strip_prefix(XATTR) {
                entry.xattrs.retain(|(name, _)| name != attribute);
                entry.xattrs.push((attribute.to_vec(), value.to_vec()));
            }
        }
    }
    Ok(())
}

fn name(value: &[u8], what: &'static str) -> Result<Vec<u8>, TarError> {
    if value.len() > MAX_NAME {
        return Err(TarError::TooLong {
            what,
            size: value.len() as u64,
            limit: MAX_NAME as u64,
        });
    }
    if value.contains(&0) {
        return Err(TarError::Field(what));
    }
    Ok(value.to_vec())
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Seconds with a fraction, `1700000000.25`; whole seconds are rounded down.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: u32 = format!("{fraction:0<9.9}").parse().ok()?;
    if whole.starts_with('-') && nanos > 0 {
        return Some((seconds.checked_sub(1)?, 1_000_000_000 - nanos));
    }
    Some((seconds, nanos))
}
