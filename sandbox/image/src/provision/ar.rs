//! The `ar` format, as far as Debian packages use it.

use std::io::{self, Read};

/// Passes over an archive's members until one's name fits, and gives that one's data.
///
/// # Errors
/// When it is no archive, is damaged, or has no such member.
pub fn member<R: Read>(mut archive: R, fits: impl Fn(&str) -> bool) -> io::Result<io::Take<R>> {
    let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut magic = [0; 8];
    archive.read_exact(&mut magic)?;
    if &magic != b"!<arch>\n" {
        return Err(damaged("not an ar archive"));
    }
    loop {
        let mut head = [0; 60];
        archive.read_exact(&mut head)?;
        if &head[58..] != b"`\n" {
            return Err(damaged("bad ar header"));
        }
        let field = |range| std::str::from_utf8(&head[range]).map(str::trim_end);
        let name = field(0..16).map_err(|_| damaged("bad name in an ar header"))?;
        let size: u64 = field(48..58)
            .ok()
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| damaged("bad size in an ar header"))?;
        if fits(name.trim_end_matches('/')) {
            return Ok(archive.take(size));
        }
        // Members start at even places.
        let skip = size + size % 2;
        if io::copy(&mut archive.by_ref().take(skip), &mut io::sink())? < skip {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, &str)]) -> Vec<u8> {
        let mut out = b"!<arch>\n".to_vec();
        for (name, data) in members {
            let head = format!(
                "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
                0,
                0,
                0,
                100_644,
                data.len()
            );
            out.extend(head.bytes());
            out.extend(data.bytes());
            out.extend("\n".repeat(data.len() % 2).bytes());
        }
        out
    }

    #[test]
    fn a_member_is_found_behind_one_of_odd_length() {
        let archive = archive(&[("debian-binary", "2.0"), ("data.tar.xz/", "data")]);
        let mut data = String::new();
        member(&archive[..], |name| name.starts_with("data.tar"))
            .unwrap()
            .read_to_string(&mut data)
            .unwrap();
        assert_eq!(data, "data");
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        assert!(member(&b"!<arch>\nshort"[..], |_| true).is_err());
        assert!(member(&b"PK\x03\x04 something else"[..], |_| true).is_err());
        assert!(member(&archive(&[("a", "b")])[..], |name| name == "c").is_err());
    }
}
