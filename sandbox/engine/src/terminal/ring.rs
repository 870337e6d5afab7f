//! The last output of a terminal, for replay.

use std::collections::VecDeque;

use bytes::Bytes;

use super::safe::Parser;

/// Bytes that are kept.
pub(crate) const KEPT: usize = 256 << 10;

/// How far a replay may look for the beginning of a line.
const LINE_WITHIN: usize = 4 << 10;

/// The last output.
#[derive(Debug)]
pub(crate) struct Ring {
    bytes: VecDeque<u8>,
    limit: usize,
    /// Where the bytes that are gone have left the terminal.
    before: Parser,
    /// Whether any are gone.
    cut: bool,
}

impl Ring {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            limit,
            before: Parser::default(),
            cut: false,
        }
    }

    /// Adds output, and forgets what is too old.
    pub(crate) fn push(&mut self, output: &[u8]) {
        self.bytes.extend(output);
        if let Some(excess) = self
            .bytes
            .len()
            .checked_sub(self.limit)
            .filter(|excess| *excess > 0)
        {
            self.before = self.bytes.drain(..excess).fold(self.before, Parser::step);
            self.cut = true;
        }
    }

    /// All that is kept, from the first place where it may begin: a line's beginning where one is near.
    pub(crate) fn replay(&self) -> Bytes {
        if !self.cut {
            return self.bytes.iter().copied().collect();
        }
        let mut parser = self.before;
        let mut first = parser.is_safe().then_some(0);
        let mut line = None;
        for (index, byte) in self.bytes.iter().enumerate().take(LINE_WITHIN) {
            parser = parser.step(*byte);
            if parser.is_safe() {
                first.get_or_insert(index + 1);
                if *byte == b'\n' {
                    line = Some(index + 1);
                    break;
                }
            }
        }
        match line.or(first) {
            Some(start) => self.bytes.range(start..).copied().collect(),
            None => Bytes::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(limit: usize, output: &[&str]) -> String {
        let mut ring = Ring::new(limit);
        output.iter().for_each(|piece| ring.push(piece.as_bytes()));
        String::from_utf8_lossy(&ring.replay()).into_owned()
    }

    #[test]
    fn what_fits_is_replayed_whole() {
        assert_eq!(replay(100, &["$ ", "ls\r\n"]), "$ ls\r\n");
        assert_eq!(replay(100, &[]), "");
    }

    #[test]
    fn a_replay_begins_with_a_line_where_it_can() {
        assert_eq!(replay(12, &["first line\r\nsecond\r\n"]), "second\r\n");
    }

    #[test]
    fn a_replay_never_begins_inside_a_sequence_or_a_character() {
        assert_eq!(replay(8, &["xxxx\x1b[1;31mred"]), "red");
        assert_eq!(replay(4, &["aaa🐳b"]), "b");
        assert_eq!(replay(6, &["\x1b]0;a long title\x07ok"]), "ok");
    }
}
