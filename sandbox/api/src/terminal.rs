//! The framing of a workstation terminal on the control socket: `[op u8][length u32 big-endian][payload]`.
//!
//! Pure: bytes in, frames out. Both directions share [`Frame`], so one codec serves the engine and the server.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The longest payload of one frame.
pub const MAX_PAYLOAD: usize = 64 * 1024;
const HEADER_LEN: usize = 5;

/// One message on a terminal's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// `i`, to the engine: what was typed.
    Input(Bytes),
    /// `r`, to the engine: the window has this size now.
    Resize {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// `h`, from the engine, as the first frames: the last output, replayed. Longer replays take several frames.
    Replay(Bytes),
    /// `o`, from the engine: output.
    Output(Bytes),
    /// `x`, from the engine: the shell ended with this exit code.
    Exit(i32),
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No frame begins with this byte.
    #[error("unknown terminal frame {0:#04x}")]
    UnknownOpcode(u8),
    /// The payload is longer than [`MAX_PAYLOAD`].
    #[error("terminal frame of {0} bytes is too long")]
    TooLong(usize),
    /// The payload of a resize or exit frame has the wrong length.
    #[error("terminal frame {0:#04x} has a malformed payload")]
    Malformed(u8),
}

impl Frame {
    /// Appends this frame to `out`. Bytes beyond [`MAX_PAYLOAD`] continue in further frames of the same kind.
    pub fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Input(bytes) => encode_bytes(b'i', bytes, out),
            Self::Replay(bytes) => encode_bytes(b'h', bytes, out),
            Self::Output(bytes) => encode_bytes(b'o', bytes, out),
            Self::Resize { cols, rows } => {
                put_header(b'r', 4, out);
                out.put_u16(*cols);
                out.put_u16(*rows);
            }
            Self::Exit(code) => {
                put_header(b'x', 4, out);
                out.put_i32(*code);
            }
        }
    }

    /// Takes one frame out of `input`; `None` means that more input is needed.
    ///
    /// # Errors
    /// When the bytes are no frame; the stream is lost then.
    pub fn decode(input: &mut BytesMut) -> Result<Option<Self>, FrameError> {
        if input.len() < HEADER_LEN {
            return Ok(None);
        }
        let opcode = input[0];
        let len = u32::from_be_bytes([input[1], input[2], input[3], input[4]]) as usize;
        if len > MAX_PAYLOAD {
            return Err(FrameError::TooLong(len));
        }
        if !matches!(opcode, b'i' | b'r' | b'h' | b'o' | b'x') {
            return Err(FrameError::UnknownOpcode(opcode));
        }
        if input.len() < HEADER_LEN + len {
            return Ok(None);
        }
        input.advance(HEADER_LEN);
        let mut payload = input.split_to(len).freeze();
        match opcode {
            b'i' => Ok(Some(Self::Input(payload))),
            b'h' => Ok(Some(Self::Replay(payload))),
            b'o' => Ok(Some(Self::Output(payload))),
            b'r' if len == 4 => Ok(Some(Self::Resize {
                cols: payload.get_u16(),
                rows: payload.get_u16(),
            })),
            b'x' if len == 4 => Ok(Some(Self::Exit(payload.get_i32()))),
            other => Err(FrameError::Malformed(other)),
        }
    }
}

fn encode_bytes(opcode: u8, bytes: &[u8], out: &mut BytesMut) {
    if bytes.is_empty() {
        put_header(opcode, 0, out);
    }
    for chunk in bytes.chunks(MAX_PAYLOAD) {
        put_header(opcode, chunk.len(), out);
        out.extend_from_slice(chunk);
    }
}

fn put_header(opcode: u8, len: usize, out: &mut BytesMut) {
    out.reserve(HEADER_LEN + len);
    out.put_u8(opcode);
    // At most MAX_PAYLOAD, which fits.
    out.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Frame> {
        vec![
            Frame::Replay(Bytes::new()),
            Frame::Output(Bytes::from_static(b"$ ")),
            Frame::Input(Bytes::from_static(b"ls\r")),
            Frame::Resize {
                cols: 120,
                rows: 40,
            },
            Frame::Exit(-1),
        ]
    }

    #[test]
    fn every_frame_survives_the_stream() {
        let mut wire = BytesMut::new();
        frames().iter().for_each(|f| f.encode(&mut wire));
        let mut decoded = Vec::new();
        let mut input = BytesMut::new();
        for byte in wire {
            input.put_u8(byte);
            decoded.extend(Frame::decode(&mut input).unwrap());
        }
        assert_eq!(decoded, frames());
    }

    #[test]
    fn long_output_is_split_at_the_limit() {
        let mut wire = BytesMut::new();
        Frame::Output(vec![b'y'; MAX_PAYLOAD + 1].into()).encode(&mut wire);
        let first = Frame::decode(&mut wire).unwrap();
        assert!(matches!(first, Some(Frame::Output(b)) if b.len() == MAX_PAYLOAD));
        assert_eq!(
            Frame::decode(&mut wire),
            Ok(Some(Frame::Output(Bytes::from_static(b"y"))))
        );
    }

    #[test]
    fn malformed_frames_are_refused_before_they_are_buffered() {
        let mut long = BytesMut::from(&[b'i', 0xff, 0, 0, 0][..]);
        assert!(matches!(
            Frame::decode(&mut long),
            Err(FrameError::TooLong(_))
        ));
        let mut unknown = BytesMut::from(&[b'?', 0, 0, 0, 0][..]);
        assert_eq!(
            Frame::decode(&mut unknown),
            Err(FrameError::UnknownOpcode(b'?'))
        );
        let mut short = BytesMut::from(&[b'r', 0, 0, 0, 1, 9][..]);
        assert_eq!(Frame::decode(&mut short), Err(FrameError::Malformed(b'r')));
    }
}
