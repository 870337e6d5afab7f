//! Where a terminal's output may be cut: not inside an escape sequence, not inside a UTF-8 character.

/// Follows output byte by byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Parser {
    /// Between characters.
    #[default]
    Ground,
    /// So many bytes of a character are to come.
    Utf8(u8),
    /// After ESC.
    Escape,
    /// `ESC [`: until a final byte.
    Csi,
    /// `ESC ]`, `ESC P`, `ESC X`, `ESC ^`, `ESC _`: until BEL or `ESC \`.
    Text,
    /// After ESC inside of one.
    TextEscape,
}

impl Parser {
    /// The state after one more byte.
    pub(crate) fn step(self, byte: u8) -> Self {
        // CAN and SUB end any sequence.
        if matches!(byte, 0x18 | 0x1a) {
            return Self::Ground;
        }
        match (self, byte) {
            (Self::Text, 0x07) | (Self::TextEscape, b'\\') => Self::Ground,
            (Self::Text | Self::TextEscape, 0x1b) => Self::TextEscape,
            (Self::Text, _) => Self::Text,
            (Self::Ground | Self::Utf8(_) | Self::Escape | Self::Csi, 0x1b) => Self::Escape,
            // ESC ended the text; this byte says what comes next.
            (Self::Escape | Self::TextEscape, b'[') => Self::Csi,
            (Self::Escape | Self::TextEscape, b']' | b'P' | b'X' | b'^' | b'_') => Self::Text,
            // Intermediate bytes: `ESC ( B`.
            (Self::Escape | Self::TextEscape, 0x20..=0x2f) => Self::Escape,
            (Self::Csi, 0x40..=0x7e) => Self::Ground,
            (Self::Csi, _) => Self::Csi,
            (Self::Utf8(left), 0x80..=0xbf) if left > 1 => Self::Utf8(left - 1),
            (Self::Ground | Self::Utf8(_), 0xc2..=0xdf) => Self::Utf8(1),
            (Self::Ground | Self::Utf8(_), 0xe0..=0xef) => Self::Utf8(2),
            (Self::Ground | Self::Utf8(_), 0xf0..=0xf4) => Self::Utf8(3),
            (Self::Ground | Self::Utf8(_) | Self::Escape | Self::TextEscape, _) => Self::Ground,
        }
    }

    /// Whether output may begin here.
    pub(crate) fn is_safe(self) -> bool {
        self == Self::Ground
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(bytes: &[u8]) -> Parser {
        bytes
            .iter()
            .fold(Parser::default(), |parser, byte| parser.step(*byte))
    }

    #[test]
    fn whole_sequences_end_on_safe_ground() {
        for whole in [
            "a",
            "ü",
            "€",
            "🐳",
            "\x1b[1;31m",
            "\x1b(B",
            "\x1b]0;title\x07",
            "\x1bP1q\x1b\\",
            "\x1b7",
            "\x1b[?25h",
        ] {
            assert!(after(whole.as_bytes()).is_safe(), "{whole:?}");
        }
    }

    #[test]
    fn no_place_inside_a_sequence_is_safe() {
        for whole in [
            "ü",
            "🐳",
            "\x1b[1;31m",
            "\x1b(B",
            "\x1b]0;a b\x07",
            "\x1bP1q\x1b\\",
        ] {
            for cut in 1..whole.len() {
                assert!(
                    !after(&whole.as_bytes()[..cut]).is_safe(),
                    "{whole:?} at {cut}"
                );
            }
        }
    }

    #[test]
    fn broken_output_does_not_stay_unsafe() {
        assert!(after(b"\xe2\x82a").is_safe());
        assert!(after(b"\x1b[12\x18").is_safe());
    }
}
