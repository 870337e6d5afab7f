//! From records to lines, as `docker logs` selects and prints them.

use std::{collections::VecDeque, mem};

use jiff::Timestamp;

use super::read::{Record, Source};
use crate::clock;

/// A longer line is handed on in pieces.
const LONGEST: usize = 16 << 10;

/// What of a log is wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub stdout: bool,
    pub stderr: bool,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub timestamps: bool,
    /// What `--details` puts before each line.
    pub details: Option<String>,
    /// The last lines only.
    pub tail: Option<u64>,
}

/// One line, or a piece of a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub source: Source,
    pub time: Timestamp,
    pub bytes: Vec<u8>,
    /// Goes on where the last one broke off.
    pub continued: bool,
}

/// Puts lines together again.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    open: [Option<Line>; 2],
}

impl Lines {
    /// Takes a record and hands on the lines that are complete with it.
    pub(crate) fn feed(&mut self, record: Record<'_>, mut each: impl FnMut(Line)) {
        let slot = match record.source {
            Source::Stdout => 0,
            Source::Stderr => 1,
            Source::RunEnded => {
                self.open.iter_mut().filter_map(Option::take).for_each(each);
                return;
            }
        };
        for part in record.bytes.split_inclusive(|byte| *byte == b'\n') {
            let mut line = self.open[slot].take().unwrap_or_else(|| Line {
                source: record.source,
                time: record.time,
                bytes: Vec::new(),
                continued: false,
            });
            line.bytes.extend_from_slice(part);
            if part.ends_with(b"\n") {
                each(line);
            } else if line.bytes.len() < LONGEST {
                self.open[slot] = Some(line);
            } else {
                let rest = Line {
                    source: line.source,
                    time: line.time,
                    bytes: Vec::new(),
                    continued: true,
                };
                each(line);
                self.open[slot] = Some(rest);
            }
        }
    }
}

impl Selection {
    /// Whether the line is wanted, its place among the last ones aside.
    pub(crate) fn wants(&self, line: &Line) -> bool {
        let stream = match line.source {
            Source::Stdout => self.stdout,
            Source::Stderr => self.stderr,
            Source::RunEnded => false,
        };
        // The rest of a long line whose stream ended at its break.
        let empty = line.continued && line.bytes.is_empty();
        stream
            && !empty
            && self.since.is_none_or(|since| line.time >= since)
            && self.until.is_none_or(|until| line.time <= until)
    }

    /// The bytes to print.
    pub(crate) fn render(&self, line: Line) -> Vec<u8> {
        let plain = !self.timestamps && self.details.is_none();
        if plain || line.continued {
            return line.bytes;
        }
        let mut bytes = Vec::with_capacity(line.bytes.len() + 64);
        if self.timestamps {
            bytes.extend_from_slice(clock::rfc3339_fixed(line.time).as_bytes());
            bytes.push(b' ');
        }
        if let Some(details) = &self.details {
            bytes.extend_from_slice(details.as_bytes());
            bytes.push(b' ');
        }
        bytes.extend_from_slice(&line.bytes);
        bytes
    }
}

/// The last lines of what passes through.
#[derive(Debug)]
pub(crate) struct Tail {
    lines: VecDeque<Line>,
    most: usize,
}

impl Tail {
    pub(crate) fn new(most: u64) -> Self {
        Self {
            lines: VecDeque::new(),
            most: usize::try_from(most).unwrap_or(usize::MAX),
        }
    }

    /// Takes a line, forgets the oldest one too many.
    pub(crate) fn push(&mut self, line: Line) {
        if self.most == 0 {
            return;
        }
        if self.lines.len() == self.most {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The last ones, oldest first.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Line> + use<> {
        mem::take(&mut self.lines).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(source: Source, second: i64, bytes: &[u8]) -> Record<'_> {
        Record {
            source,
            time: Timestamp::from_second(second).unwrap_or_default(),
            bytes,
        }
    }

    fn lines(records: &[Record<'_>]) -> Vec<(Source, i64, String)> {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        for record in records {
            lines.feed(*record, |l| {
                out.push((
                    l.source,
                    l.time.as_second(),
                    String::from_utf8_lossy(&l.bytes).into_owned(),
                ));
            });
        }
        out
    }

    #[test]
    fn a_line_cut_by_reads_is_one_line_with_its_first_time() {
        let found = lines(&[
            record(Source::Stdout, 1, b"a\nhal"),
            record(Source::Stderr, 2, b"e\n"),
            record(Source::Stdout, 3, b"f\n"),
        ]);
        let expected = [
            (Source::Stdout, 1, "a\n"),
            (Source::Stderr, 2, "e\n"),
            (Source::Stdout, 1, "half\n"),
        ];
        assert_eq!(found, expected.map(|(s, t, l)| (s, t, l.to_owned())));
    }

    #[test]
    fn an_unfinished_line_is_complete_when_the_run_ends() {
        let open = [record(Source::Stdout, 1, b"/ # ")];
        assert_eq!(lines(&open), []);
        let ended = [open[0], record(Source::RunEnded, 2, b"")];
        assert_eq!(lines(&ended), [(Source::Stdout, 1, "/ # ".to_owned())]);
    }

    #[test]
    fn a_line_without_end_is_handed_on_in_pieces() {
        let long = vec![b'x'; LONGEST + 5];
        let found = lines(&[
            record(Source::Stdout, 1, &long),
            record(Source::RunEnded, 2, b""),
        ]);
        assert_eq!(
            found.iter().map(|(_, _, l)| l.len()).sum::<usize>(),
            long.len()
        );
    }

    #[test]
    fn lines_are_chosen_by_stream_time_and_place() {
        let wanted = Selection {
            stdout: true,
            since: Timestamp::from_second(2).ok(),
            until: Timestamp::from_second(3).ok(),
            timestamps: true,
            ..Selection::default()
        };
        let (mut all, mut tail) = (Lines::default(), Tail::new(1));
        for second in 1..=4 {
            all.feed(record(Source::Stdout, second, b"x\n"), |l| {
                if wanted.wants(&l) {
                    tail.push(l);
                }
            });
        }
        let printed: Vec<_> = tail.take().map(|l| wanted.render(l)).collect();
        assert_eq!(printed, [b"1970-01-01T00:00:03.000000000Z x\n".to_vec()]);
    }
}
