//! The last lines of a running step, as a small terminal would show them.
//!
//! Carriage returns, backspaces and tabs do what they do; colours and everything else that a program may ask of a
//! terminal is left out, so that no step can draw outside of its lines.

use std::collections::VecDeque;

/// How many lines are kept.
pub const MAX_LINES: usize = 100;
/// Columns to a tab stop.
const TAB: usize = 8;

/// A terminal of a few lines.
#[derive(Debug)]
pub struct Screen {
    lines: VecDeque<Vec<char>>,
    column: usize,
    columns: usize,
    state: State,
    /// Bytes of a character that is not complete.
    half: Vec<u8>,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// After the escape character.
    Escape,
    /// In a sequence that ends with a letter.
    Sequence,
    /// In a string that ends with a bell or an escape.
    String,
}

impl Screen {
    /// An empty one.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            column: 0,
            columns: columns.max(1),
            state: State::Text,
            half: Vec::new(),
            bytes: 0,
        }
    }

    /// Another width, for what is written from now on.
    pub fn resize(&mut self, columns: usize) {
        self.columns = columns.max(1);
    }

    /// How much was written.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The last lines that hold anything, at most `count`.
    #[must_use]
    pub fn last(&self, count: usize) -> Vec<String> {
        let lines = self.lines.iter().rev().take(count.min(MAX_LINES));
        let mut last: Vec<String> = lines
            .map(|line| line.iter().collect::<String>().trim_end().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        last.reverse();
        last
    }

    /// Writes what a program printed.
    pub fn write(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.half.extend_from_slice(bytes);
        let half = std::mem::take(&mut self.half);
        let mut rest = half.as_slice();
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    text.chars().for_each(|c| self.character(c));
                    return;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    String::from_utf8_lossy(good)
                        .chars()
                        .for_each(|c| self.character(c));
                    let Some(length) = error.error_len() else {
                        self.half = bad.to_vec();
                        return;
                    };
                    self.character(char::REPLACEMENT_CHARACTER);
                    rest = &bad[length..];
                }
            }
        }
    }

    fn character(&mut self, c: char) {
        self.state = match (self.state, c) {
            (State::Text | State::String, '\u{1b}') => State::Escape,
            (State::Text, _) => {
                self.text(c);
                State::Text
            }
            (State::Escape, '[') => State::Sequence,
            (State::Escape, ']' | 'P' | '_' | '^' | 'X') => State::String,
            // A character set is named by one more character.
            (State::Escape, ' '..='/') => State::Escape,
            (State::Escape, _) => State::Text,
            (State::Sequence, '@'..='~') => State::Text,
            (State::Sequence, '\n') => {
                self.text(c);
                State::Text
            }
            (State::Sequence, _) => State::Sequence,
            (State::String, '\u{7}') => State::Text,
            (State::String, _) => State::String,
        };
    }

    fn text(&mut self, c: char) {
        match c {
            '\n' => self.line(),
            '\r' => self.column = 0,
            '\u{8}' => self.column = self.column.saturating_sub(1),
            '\t' => {
                for _ in 0..TAB - self.column % TAB {
                    self.put(' ');
                }
            }
            c if c.is_control() => {}
            c => self.put(c),
        }
    }

    fn put(&mut self, c: char) {
        if self.column >= self.columns {
            self.line();
        }
        if self.lines.is_empty() {
            self.lines.push_back(Vec::new());
        }
        if let Some(line) = self.lines.back_mut() {
            if line.len() <= self.column {
                line.resize(self.column + 1, ' ');
            }
            line[self.column] = c;
        }
        self.column += 1;
    }

    fn line(&mut self) {
        self.column = 0;
        self.lines.push_back(Vec::new());
        if self.lines.len() > MAX_LINES {
            self.lines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pieces: &[&[u8]]) -> Vec<String> {
        let mut screen = Screen::new(10);
        pieces.iter().for_each(|piece| screen.write(piece));
        screen.last(6)
    }

    #[test]
    fn a_progress_bar_stays_on_its_line_and_colours_are_left_out() {
        assert_eq!(
            after(&[b"10%\r\x1b[32m50%\x1b[0m\r100%\nnext"]),
            ["100%", "next"]
        );
        assert_eq!(after(&[b"0123456789ab\n"]), ["0123456789", "ab"]);
        assert_eq!(after(&[b"a\tb\x08c"]), ["a       c"]);
    }

    #[test]
    fn no_step_can_draw_outside_of_its_lines() {
        assert_eq!(
            after(&[b"\x1b[2J\x1b[5Aup\x1b]0;title\x07\x1b(Bx\x1bc\x07!"]),
            ["upx!"]
        );
    }

    #[test]
    fn a_character_may_come_in_two_pieces() {
        assert_eq!(after(&[b"gr\xc3", b"\xbcn\xff."]), ["gr\u{fc}n\u{fffd}."]);
    }
}
