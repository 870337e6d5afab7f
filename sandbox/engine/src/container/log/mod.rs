//! The bounded past of a container's output: a few files, the oldest one dropped when the newest one is full.
//! How many and how large they are, [`options`] say.
//!
//! A record is what one read of the pipe brought, `[stream u8][time i64][length u32][bytes]`, so that writing costs one
//! system call and no copy. Lines are found when the log is read: see [`lines`].
//! What the disk has no room for is not logged; the container goes on.

pub(crate) mod lines;
pub(crate) mod options;
pub(crate) mod read;

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IoSlice},
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use drydock_api::stdcopy::Stream;
use jiff::Timestamp;
use tokio::sync::watch;

use self::options::Limits;

/// Bytes before a record's own.
const HEADER: usize = 13;
/// Stands for the end of a run: a line that was begun is complete.
const RUN_ENDED: u8 = u8::MAX;

/// The log of one container.
#[derive(Debug)]
pub(crate) struct Log {
    dir: PathBuf,
    limits: Limits,
    segments: Mutex<Segments>,
    /// Where the log ends, counted from its first byte ever; `None` once nothing more can come.
    end: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Segments {
    /// Oldest first; the last one is written to.
    all: VecDeque<Segment>,
    /// Open for writing while the container runs.
    file: Option<File>,
    count: u64,
}

/// One file and where it begins in the whole log.
#[derive(Debug, Clone)]
struct Segment {
    path: PathBuf,
    start: u64,
    len: u64,
}

impl Segment {
    fn end(&self) -> u64 {
        self.start + self.len
    }
}

impl Log {
    pub(crate) fn new(dir: PathBuf, limits: Limits) -> Self {
        Self {
            dir,
            limits,
            segments: Mutex::default(),
            end: watch::Sender::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Segments> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a piece of output.
    pub(crate) fn append(&self, stream: Stream, bytes: &[u8]) {
        let code = match stream {
            Stream::Stdin => 0,
            Stream::Stdout => 1,
            Stream::Stderr => 2,
            Stream::System => 3,
        };
        let most = usize::try_from(self.limits.bytes).unwrap_or(usize::MAX);
        let pieces = Pieces {
            rest: bytes,
            most: most.saturating_sub(HEADER).max(1),
        };
        for piece in pieces {
            self.write(code, piece);
        }
    }

    /// The run is over.
    pub(crate) fn end_run(&self) {
        self.write(RUN_ENDED, &[]);
        self.lock().file = None;
    }

    fn write(&self, code: u8, bytes: &[u8]) {
        if self.limits.files == 0 {
            return;
        }
        let mut segments = self.lock();
        match segments.write(&self.dir, self.limits, code, bytes) {
            Ok(end) => drop(self.end.send_replace(end)),
            Err(error) => tracing::debug!(%error, "a piece of output was not logged"),
        }
    }
}

impl Segments {
    fn write(
        &mut self,
        dir: &std::path::Path,
        limits: Limits,
        code: u8,
        bytes: &[u8],
    ) -> io::Result<u64> {
        let time = i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
        let mut header = [0; HEADER];
        header[0] = code;
        header[1..9].copy_from_slice(&time.to_be_bytes());
        header[9..].copy_from_slice(&u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes());

        let whole = (HEADER + bytes.len()) as u64;
        if self
            .all
            .back()
            .is_none_or(|newest| newest.len > 0 && newest.len + whole > limits.bytes)
        {
            self.rotate(dir, limits.files)?;
        }
        let Some(newest) = self.all.back_mut() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if self.file.is_none() {
            self.file = Some(
                File::options()
                    .append(true)
                    .create(true)
                    .open(&newest.path)?,
            );
        }
        let Some(file) = self.file.as_mut() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let parts = [IoSlice::new(&header), IoSlice::new(bytes)];
        let written = io::Write::write_vectored(file, &parts)? as u64;
        if written < whole {
            // Half a record cannot be read: the disk is full.
            file.set_len(newest.len)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        newest.len += whole;
        Ok(newest.end())
    }

    fn rotate(&mut self, dir: &std::path::Path, files: usize) -> io::Result<()> {
        let start = self.all.back().map_or(0, Segment::end);
        let path = dir.join(format!("log.{}", self.count));
        let file = File::options().append(true).create(true).open(&path)?;
        while self.all.len() >= files
            && let Some(dropped) = self.all.pop_front()
        {
            let _ = std::fs::remove_file(dropped.path);
        }
        self.all.push_back(Segment {
            path,
            start,
            len: 0,
        });
        self.file = Some(file);
        self.count += 1;
        Ok(())
    }

    /// The segment that holds `position`, or the first one after it.
    fn at(&self, position: u64) -> Option<&Segment> {
        self.all.iter().find(|segment| position < segment.end())
    }
}

/// Reads `buffer.len()` bytes at most.
fn read_at(segment: &Segment, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let left = usize::try_from(segment.end() - position)
        .unwrap_or(usize::MAX)
        .min(buffer.len());
    File::open(&segment.path)?.read_at(&mut buffer[..left], position - segment.start)
}

/// Output in pieces that fit into one file, cut behind a line's end where there is one.
struct Pieces<'a> {
    rest: &'a [u8],
    most: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let (piece, _) = self.rest.split_at(self.rest.len().min(self.most));
        let cut = match piece.iter().rposition(|byte| *byte == b'\n') {
            Some(at) if piece.len() < self.rest.len() => at + 1,
            _ => piece.len(),
        };
        let (piece, rest) = self.rest.split_at(cut);
        self.rest = rest;
        Some(piece)
    }
}
