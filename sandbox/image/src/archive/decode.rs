//! Compressed streams: told by their first bytes, and stopped when they blow up.

use std::{
    cell::Cell,
    io::{self, Cursor, Read},
    rc::Rc,
};

/// Before this many bytes have come out, any ratio is fine: a small layer of zeros is no bomb.
const RATIO_FROM: u64 = 64 << 20;
/// Bytes out for one byte in. Program code reaches 10, text 30; what reaches this is zeros.
const MAX_RATIO: u64 = 400;
/// Memory for one decoder's window: what `zstd --ultra -22` and `xz -9` need, not what a header may ask for.
const MAX_WINDOW_LOG: u32 = 27;
const MAX_XZ_MEMORY: u64 = 128 << 20;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all, or in no way we know.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// xz.
    Xz,
    /// bzip2, which we do not read.
    Bzip2,
}

impl Compression {
    /// By the first bytes.
    #[must_use]
    pub fn sniff(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            _ => Self::None,
        }
    }
}

/// A stream whose first bytes were looked at.
type Peeked<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// Reads the first bytes of a stream, up to `count`, and gives the stream back whole.
pub(crate) fn peek<R: Read>(mut stream: R, count: usize) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut start = Vec::with_capacity(count);
    stream.by_ref().take(count as u64).read_to_end(&mut start)?;
    Ok((start.clone(), Cursor::new(start).chain(stream)))
}

/// The stream, decompressed.
///
/// # Errors
/// When it cannot be read or is compressed in a way we do not read. Later, when it is damaged or a bomb.
pub fn decoded<'a>(stream: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let (start, stream) = peek(stream, 6)?;
    let taken = Rc::new(Cell::new(0));
    let counted = Counted {
        inner: stream,
        taken: Rc::clone(&taken),
    };
    let decoder: Box<dyn Read + 'a> = match Compression::sniff(&start) {
        Compression::None => return Ok(Box::new(counted)),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(counted)),
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(counted)?;
            decoder.window_log_max(MAX_WINDOW_LOG)?;
            Box::new(decoder)
        }
        Compression::Xz => {
            let flags = liblzma::stream::CONCATENATED;
            let decoder = liblzma::stream::Stream::new_stream_decoder(MAX_XZ_MEMORY, flags)?;
            Box::new(liblzma::read::XzDecoder::new_stream(counted, decoder))
        }
        Compression::Bzip2 => {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "bzip2 is not read; recompress it with gzip, xz or zstd",
            ));
        }
    };
    Ok(Box::new(Bounded {
        inner: decoder,
        taken,
        given: 0,
    }))
}

struct Counted<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}

struct Bounded<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
    given: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.given += count as u64;
        if self.given > RATIO_FROM && self.given / MAX_RATIO > self.taken.get() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the stream is compressed more than 400 to 1, as only bombs are",
            ));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn gzip_zstd_and_xz_are_told_by_their_first_bytes() {
        let text = b"some text, some text, some text";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(text).unwrap();
        let streams = [
            text.to_vec(),
            gzip.finish().unwrap(),
            zstd::encode_all(&text[..], 1).unwrap(),
            xz.finish().unwrap(),
        ];
        for stream in streams {
            let mut out = Vec::new();
            decoded(&stream[..]).unwrap().read_to_end(&mut out).unwrap();
            assert_eq!(out, text);
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        let zeros = io::repeat(0).take(200 << 20);
        let bomb = zstd::encode_all(zeros, 1).unwrap();
        let error = io::copy(&mut decoded(&bomb[..]).unwrap(), &mut io::sink()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn bzip2_is_refused_by_name() {
        let error = decoded(&b"BZh91AY"[..]).err().unwrap();
        assert!(error.to_string().contains("bzip2"));
    }
}
