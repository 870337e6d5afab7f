//! Reading a log while it grows.

use std::io;

use jiff::Timestamp;
use tokio::sync::watch;

use super::{HEADER, Log, RUN_ENDED, read_at};

/// What is read at once.
const CHUNK: usize = 128 << 10;

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Stdout or stderr, or the end of a run.
    pub source: Source,
    pub time: Timestamp,
    pub bytes: &'a [u8],
}

/// Where a record comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Stdout,
    Stderr,
    RunEnded,
}

/// A place in a log.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    log: &'a Log,
    position: u64,
    buffer: Vec<u8>,
    grown: watch::Receiver<u64>,
}

impl Log {
    /// Reads from what is left of the beginning.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader {
            log: self,
            position: 0,
            buffer: Vec::new(),
            grown: self.end.subscribe(),
        }
    }
}

impl Reader<'_> {
    /// Calls `each` with the next records; false when there are none now.
    pub(crate) fn next(&mut self, mut each: impl FnMut(Record<'_>)) -> io::Result<bool> {
        if !self.fill()? {
            return Ok(false);
        }
        let mut rest = self.buffer.as_slice();
        while let Some((record, after)) = split(rest) {
            each(record);
            rest = after;
        }
        self.position += (self.buffer.len() - rest.len()) as u64;
        Ok(true)
    }

    /// Reads whole records into the buffer, one at least.
    fn fill(&mut self) -> io::Result<bool> {
        let segments = self.log.lock();
        let Some(segment) = segments.at(self.position) else {
            // Whoever waits for more waits without a buffer.
            self.buffer = Vec::new();
            return Ok(false);
        };
        // What was dropped in the meantime is skipped.
        self.position = self.position.max(segment.start);
        self.buffer.resize(CHUNK, 0);
        let n = read_at(segment, self.position, &mut self.buffer)?;
        self.buffer.truncate(n);
        Ok(n > 0)
    }

    /// Waits until the log has grown beyond the reader's place.
    pub(crate) async fn grown(&mut self) {
        let position = self.position;
        if self.grown.wait_for(|end| *end > position).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn split(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let source = match header[0] {
        RUN_ENDED => Source::RunEnded,
        2 => Source::Stderr,
        _ => Source::Stdout,
    };
    let time = i64::from_be_bytes(header[1..9].try_into().ok()?);
    let len = u32::from_be_bytes(header[9..].try_into().ok()?) as usize;
    let (bytes, rest) = rest.split_at_checked(len)?;
    let time = Timestamp::from_nanosecond(i128::from(time)).unwrap_or_default();
    Some((
        Record {
            source,
            time,
            bytes,
        },
        rest,
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use drydock_api::stdcopy::Stream;

    use super::{super::options::Limits, *};

    fn text(reader: &mut Reader<'_>) -> String {
        let mut all = Vec::new();
        while reader
            .next(|record| all.extend_from_slice(record.bytes))
            .unwrap()
        {}
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn a_reader_sees_what_was_written_and_then_what_is_added() {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits {
            bytes: 1 << 20,
            files: 2,
        };
        let log = Log::new(dir.path().into(), limits);
        let mut reader = log.reader();
        log.append(Stream::Stdout, b"one\n");
        log.append(Stream::Stderr, b"two\n");
        assert_eq!(text(&mut reader), "one\ntwo\n");
        assert_eq!(text(&mut reader), "");
        log.end_run();
        log.append(Stream::Stdout, b"three\n");
        assert_eq!(text(&mut reader), "three\n");
    }

    #[test]
    fn the_log_is_bounded_and_a_slow_reader_skips_what_was_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits {
            bytes: 1000,
            files: 3,
        };
        let log = Log::new(dir.path().into(), limits);
        let mut slow = log.reader();
        for n in 0..100 {
            log.append(Stream::Stdout, format!("line {n}\n").as_bytes());
        }
        let flood: String = (100..200).map(|n| format!("line {n}\n")).collect();
        log.append(Stream::Stdout, flood.as_bytes());
        let kept = text(&mut slow);
        assert!(kept.ends_with("line 199\n") && !kept.contains("line 0\n"));
        let bytes: u64 = dir
            .path()
            .read_dir()
            .unwrap()
            .map(|e| e.unwrap().metadata().unwrap().len())
            .sum();
        assert!((2000..=3000).contains(&bytes), "{bytes} bytes are kept");
    }
}
