//! What a step printed: what is still to be shown, and the last lines of it.

use std::collections::VecDeque;

use super::trace::Nanos;

/// The longest line that is kept for a failure.
const MAX_LINE: usize = 16 << 10;

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes; the first piece of a line has its time before it.
    pub text: Vec<u8>,
    /// A line begins with it.
    pub begins: bool,
    /// A line ends with it.
    pub ends: bool,
}

/// The lines of a step.
#[derive(Debug)]
pub struct Log {
    pending: Vec<Piece>,
    bytes: usize,
    recent: VecDeque<Vec<u8>>,
    keep: usize,
    shown: bool,
    open: bool,
}

impl Log {
    /// Nothing was printed. Of all lines, `keep` are remembered; only those that are `shown` can be taken.
    #[must_use]
    pub fn new(keep: usize, shown: bool) -> Self {
        Self {
            pending: Vec::new(),
            bytes: 0,
            recent: VecDeque::new(),
            keep,
            shown,
            open: false,
        }
    }

    /// `bytes` were printed `since` nanoseconds after the step began.
    pub fn push(&mut self, bytes: &[u8], since: Nanos) {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match line.strip_suffix(b"\n") {
                Some(text) => (text.strip_suffix(b"\r").unwrap_or(text), true),
                None => (line, false),
            };
            self.piece(text, ends, since);
        }
    }

    fn piece(&mut self, text: &[u8], ends: bool, since: Nanos) {
        let begins = !self.open;
        let mut piece = Vec::new();
        if begins {
            piece.extend_from_slice(time(since).as_bytes());
            self.recent.push_back(Vec::new());
            if self.recent.len() > self.keep {
                self.recent.pop_front();
            }
        }
        piece.extend_from_slice(text);
        if let Some(line) = self.recent.back_mut() {
            let room = MAX_LINE.saturating_sub(line.len());
            line.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        self.open = !ends;
        if !self.shown {
            return;
        }
        self.bytes += piece.len();
        self.pending.push(Piece {
            text: piece,
            begins,
            ends,
        });
    }

    /// What was not shown yet.
    pub fn take(&mut self) -> Vec<Piece> {
        self.bytes = 0;
        std::mem::take(&mut self.pending)
    }

    /// Bytes that were not shown yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.bytes
    }

    /// The last lines.
    pub fn recent(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.recent.iter()
    }
}

/// `0.123 `, with fewer decimals the longer it takes.
fn time(since: Nanos) -> String {
    // Exact below three months.
    #[allow(clippy::cast_precision_loss)]
    let seconds = since.max(0) as f64 / 1e9;
    let decimals = if seconds < 10.0 {
        3
    } else if seconds < 100.0 {
        2
    } else {
        1
    };
    format!("{seconds:.decimals$} ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_time_once_however_it_comes() {
        let mut log = Log::new(2, true);
        log.push(b"one\ntw", 120_000_000);
        log.push(b"o\r\nthree\n", 12_340_000_000);
        let shown: Vec<u8> = log
            .take()
            .into_iter()
            .flat_map(|piece| {
                let end = if piece.ends { "\n" } else { "" };
                [piece.text, end.into()].concat()
            })
            .collect();
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            "0.120 one\n0.120 two\n12.34 three\n"
        );
        let recent: Vec<_> = log.recent().collect();
        assert_eq!(recent, [b"0.120 two".as_slice(), b"12.34 three"]);
    }
}
