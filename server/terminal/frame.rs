//! The messages between the page and the terminal bridge: one opcode byte, then the payload.
//!
//! Pure: bytes in, frames out.

use bytes::{BufMut, Bytes, BytesMut};

/// The most columns or rows that a window may claim.
pub const MAX_SIDE: u16 = 1000;

/// A window's size in characters, neither zero nor absurd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSize {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

impl WindowSize {
    /// `None` when a side is zero or over [`MAX_SIDE`].
    #[must_use]
    pub fn new(cols: u16, rows: u16) -> Option<Self> {
        let sane = 1..=MAX_SIDE;
        (sane.contains(&cols) && sane.contains(&rows)).then_some(Self { cols, rows })
    }
}

/// What the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientFrame<'a> {
    /// `i`: what was typed or pasted.
    Input(&'a [u8]),
    /// `r`: the window has this size now.
    Resize(WindowSize),
    /// `a`: so many more bytes of output have been drawn.
    Ack(u32),
}

/// Why a message of the page is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No opcode.
    #[error("empty terminal message")]
    Empty,
    /// A resize to nothing, to something absurd, or of the wrong length.
    #[error("malformed window size")]
    BadSize,
    /// An acknowledgement of the wrong length.
    #[error("malformed acknowledgement")]
    BadAck,
    /// No message begins with this byte.
    #[error("unknown terminal message {0:#04x}")]
    UnknownOpcode(u8),
}

impl<'a> ClientFrame<'a> {
    /// Reads one message.
    ///
    /// # Errors
    /// When it is none of the above.
    pub fn decode(message: &'a [u8]) -> Result<Self, FrameError> {
        let (&opcode, body) = message.split_first().ok_or(FrameError::Empty)?;
        match (opcode, body) {
            (b'i', keys) => Ok(Self::Input(keys)),
            (b'r', &[c1, c0, r1, r0]) => {
                WindowSize::new(u16::from_be_bytes([c1, c0]), u16::from_be_bytes([r1, r0]))
                    .map(Self::Resize)
                    .ok_or(FrameError::BadSize)
            }
            (b'r', _) => Err(FrameError::BadSize),
            (b'a', &[a, b, c, d]) => Ok(Self::Ack(u32::from_be_bytes([a, b, c, d]))),
            (b'a', _) => Err(FrameError::BadAck),
            (other, _) => Err(FrameError::UnknownOpcode(other)),
        }
    }
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerFrame {
    /// `h`: the last output, replayed; always the first message, may be empty.
    Replay(Bytes),
    /// `o`: output.
    Output(Bytes),
    /// `x`: the shell ended with this exit code.
    Exit(i32),
    /// `m`: something the server has to tell the reader.
    Notice(String),
}

impl ServerFrame {
    /// The message to send.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        match self {
            Self::Replay(bytes) => with_opcode(b'h', bytes),
            Self::Output(bytes) => with_opcode(b'o', bytes),
            Self::Exit(code) => with_opcode(b'x', &code.to_be_bytes()),
            Self::Notice(text) => with_opcode(b'm', text.as_bytes()),
        }
    }
}

fn with_opcode(opcode: u8, payload: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(1 + payload.len());
    message.put_u8(opcode);
    message.put_slice(payload);
    message.freeze()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_three_messages_of_the_page_are_read() {
        assert_eq!(
            ClientFrame::decode(b"ils\r"),
            Ok(ClientFrame::Input(b"ls\r"))
        );
        assert_eq!(
            ClientFrame::decode(&[b'r', 0, 120, 0, 40]),
            Ok(ClientFrame::Resize(WindowSize {
                cols: 120,
                rows: 40
            }))
        );
        assert_eq!(
            ClientFrame::decode(&[b'a', 0, 0, 0x80, 0]),
            Ok(ClientFrame::Ack(32 * 1024))
        );
    }

    #[test]
    fn a_window_of_no_size_or_of_absurd_size_is_refused() {
        assert_eq!(
            ClientFrame::decode(&[b'r', 0, 0, 0, 40]),
            Err(FrameError::BadSize)
        );
        assert_eq!(
            ClientFrame::decode(&[b'r', 0xff, 0xff, 0, 40]),
            Err(FrameError::BadSize)
        );
        assert_eq!(
            ClientFrame::decode(&[b'r', 0, 80]),
            Err(FrameError::BadSize)
        );
    }

    #[test]
    fn empty_and_unknown_messages_are_told_apart() {
        assert_eq!(ClientFrame::decode(b""), Err(FrameError::Empty));
        assert_eq!(
            ClientFrame::decode(b"zz"),
            Err(FrameError::UnknownOpcode(b'z'))
        );
        assert_eq!(ClientFrame::decode(b"a"), Err(FrameError::BadAck));
    }

    #[test]
    fn an_exit_code_travels_as_four_bytes() {
        assert_eq!(
            &ServerFrame::Exit(-1).encode()[..],
            &[b'x', 0xff, 0xff, 0xff, 0xff]
        );
        assert_eq!(&ServerFrame::Replay(Bytes::new()).encode()[..], b"h");
    }

    proptest! {
        #[test]
        fn decoding_never_panics_and_never_invents_a_size(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(ClientFrame::Resize(size)) = ClientFrame::decode(&bytes) {
                prop_assert!(WindowSize::new(size.cols, size.rows).is_some());
            }
        }

        #[test]
        fn every_input_arrives_as_it_was_typed(keys in proptest::collection::vec(any::<u8>(), 0..256)) {
            let message = with_opcode(b'i', &keys);
            prop_assert_eq!(ClientFrame::decode(&message), Ok(ClientFrame::Input(&keys)));
        }
    }
}
