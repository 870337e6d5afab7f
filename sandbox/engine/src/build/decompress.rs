//! Compressed archives, known by their first bytes, never by their name.

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;

/// Memory that one xz or zstd stream may ask for.
const MAX_MEMORY: u64 = 64 << 20;

/// Bytes of a tar header, which is what tells a plain archive.
const BLOCK: usize = 512;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Xz,
    Zstd,
    Bzip2,
}

impl Compression {
    /// By the magic number.
    pub(super) fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, 0x08, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', ..] => Self::Bzip2,
            _ => Self::None,
        }
    }
}

/// A stream with its compression, if any, taken off.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn plain<'a>(stream: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut stream = BufReader::with_capacity(64 << 10, stream);
    Ok(match Compression::of(stream.fill_buf()?) {
        Compression::None => Box::new(stream),
        Compression::Gzip => Box::new(MultiGzDecoder::new(stream)),
        Compression::Xz => {
            let decoder = liblzma::stream::Stream::new_stream_decoder(
                MAX_MEMORY,
                liblzma::stream::CONCATENATED,
            )?;
            Box::new(XzDecoder::new_stream(stream, decoder))
        }
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(stream)?;
            decoder.window_log_max(MAX_MEMORY.ilog2())?;
            Box::new(decoder)
        }
        Compression::Bzip2 => Box::new(MultiBzDecoder::new(stream)),
    })
}

/// Whether a file is a tar archive, compressed or not: whether ADD unpacks it.
///
/// # Errors
/// When it cannot be read.
pub(super) fn is_archive(file: impl Read) -> io::Result<bool> {
    let Ok(mut stream) = plain(file) else {
        return Ok(false);
    };
    let mut block = [0; BLOCK];
    let mut filled = 0;
    while filled < BLOCK {
        match stream.read(&mut block[filled..]) {
            Ok(0) => return Ok(false),
            Ok(n) => filled += n,
            // A file that only looks compressed is copied as it is.
            Err(_) => return Ok(false),
        }
    }
    // Docker takes an archive without files for a file.
    Ok(block != [0; BLOCK] && drydock_image::tar::sniff(&block))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn tar() -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(1);
        builder.append_data(&mut header, "a", &b"x"[..]).unwrap();
        builder.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn archives_are_known_by_their_content() {
        let tar = tar();
        let xz = {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(&tar).unwrap();
            encoder.finish().unwrap()
        };
        let bzip2 = {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(&tar).unwrap();
            encoder.finish().unwrap()
        };
        for archive in [
            gzip(&tar),
            bzip2,
            xz,
            zstd::encode_all(&tar[..], 1).unwrap(),
            tar.clone(),
        ] {
            assert!(is_archive(&archive[..]).unwrap());
            let mut plain_bytes = Vec::new();
            plain(&archive[..])
                .unwrap()
                .read_to_end(&mut plain_bytes)
                .unwrap();
            assert_eq!(plain_bytes, tar);
        }
        let text = gzip(b"no archive");
        for file in [
            &b""[..],
            b"text",
            b"\x1f\x8b\x08 broken",
            b"BZh9 broken",
            &[0; 1024],
            &text,
        ] {
            assert!(!is_archive(file).unwrap());
        }
    }
}
