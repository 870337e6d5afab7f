//! Stdout and stderr of a container without a terminal, on one stream.
//!
//! Each frame is `[stream u8][0 0 0][length u32 big-endian][payload]`.
//! The decoder hands a payload out as it arrives and never holds a whole frame, so its memory does not grow.

use bytes::{Buf, Bytes, BytesMut};

/// Length of a frame's header.
pub const HEADER_LEN: usize = 8;

/// Where a payload belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Never seen in practice; the clients print it as stdout.
    Stdin,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// An error of the engine itself, not of the container.
    System,
}

impl Stream {
    const fn code(self) -> u8 {
        match self {
            Self::Stdin => 0,
            Self::Stdout => 1,
            Self::Stderr => 2,
            Self::System => 3,
        }
    }
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StdcopyError {
    /// The first byte of a header names no stream.
    #[error("Unrecognized input header: {0}")]
    UnknownStream(u8),
}

/// The header of a frame with a payload of `len` bytes.
#[must_use]
pub const fn header(stream: Stream, len: u32) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = len.to_be_bytes();
    [stream.code(), 0, 0, 0, a, b, c, d]
}

/// Appends `payload` to `out` as frames.
pub fn encode(stream: Stream, payload: &[u8], out: &mut BytesMut) {
    for chunk in payload.chunks(1 << 24) {
        let len = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        out.reserve(HEADER_LEN + chunk.len());
        out.extend_from_slice(&header(stream, len));
        out.extend_from_slice(chunk);
    }
}

/// Takes frames apart again.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The frame being read and how much of its payload is still to come.
    open: Option<(Stream, usize)>,
}

impl Decoder {
    /// Takes the next piece of payload out of `input`; `None` means that more input is needed.
    /// A piece may be only a part of its frame.
    ///
    /// # Errors
    /// When `input` is no such stream: a terminal's raw output, for example.
    pub fn decode(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<(Stream, Bytes)>, StdcopyError> {
        loop {
            let (stream, left) = match self.open.take() {
                Some(open) => open,
                None if input.len() < HEADER_LEN => return Ok(None),
                None => read_header(input)?,
            };
            if left == 0 {
                continue;
            }
            if input.is_empty() {
                self.open = Some((stream, left));
                return Ok(None);
            }
            let piece = input.split_to(left.min(input.len())).freeze();
            if piece.len() < left {
                self.open = Some((stream, left - piece.len()));
            }
            return Ok(Some((stream, piece)));
        }
    }
}

fn read_header(input: &mut BytesMut) -> Result<(Stream, usize), StdcopyError> {
    let stream = match input[0] {
        0 => Stream::Stdin,
        1 => Stream::Stdout,
        2 => Stream::Stderr,
        3 => Stream::System,
        other => return Err(StdcopyError::UnknownStream(other)),
    };
    input.advance(4);
    Ok((stream, input.get_u32() as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_any_cut() {
        let mut whole = BytesMut::new();
        encode(Stream::Stdout, b"hello", &mut whole);
        encode(Stream::Stderr, b"", &mut whole);
        encode(Stream::Stderr, b"oops", &mut whole);
        for cut in 0..whole.len() {
            let mut decoder = Decoder::default();
            let mut input = BytesMut::new();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            for part in [&whole[..cut], &whole[cut..]] {
                input.extend_from_slice(part);
                while let Some((stream, piece)) = decoder.decode(&mut input).unwrap() {
                    if stream == Stream::Stdout {
                        out.extend(piece)
                    } else {
                        err.extend(piece)
                    }
                }
            }
            assert_eq!(
                (out.as_slice(), err.as_slice()),
                (&b"hello"[..], &b"oops"[..]),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_payload_is_handed_out_before_its_frame_is_complete() {
        let mut input = BytesMut::from(&header(Stream::Stdout, u32::MAX)[..]);
        input.extend_from_slice(b"first");
        let mut decoder = Decoder::default();
        let piece = decoder.decode(&mut input).unwrap();
        assert_eq!(piece, Some((Stream::Stdout, Bytes::from_static(b"first"))));
        assert_eq!(decoder.decode(&mut input), Ok(None));
    }

    #[test]
    fn raw_terminal_output_is_refused() {
        let mut input = BytesMut::from(&b"root@host:~# "[..]);
        assert_eq!(
            Decoder::default().decode(&mut input),
            Err(StdcopyError::UnknownStream(b'r'))
        );
    }
}
