//! The bounded past of a container's output: two files, the older one dropped when the newer one is full.
//!
//! A record is what one read of the pipe brought, `[stream u8][time i64][length u32][bytes]`, so that writing costs one
//! system call and no copy. Lines are found when the log is read: see [`lines`].
//! What the disk has no room for is not logged; the container goes on.

pub(crate) mod lines;
pub(crate) mod read;

use std::{
    fs::File,
    io::{self, IoSlice},
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use drydock_api::stdcopy::Stream;
use jiff::Timestamp;
use tokio::sync::watch;

/// Bytes before a record's own.
const HEADER: usize = 13;
/// Stands for the end of a run: a line that was begun is complete.
const RUN_ENDED: u8 = u8::MAX;

/// The log of one container.
#[derive(Debug)]
pub(crate) struct Log {
    dir: PathBuf,
    /// Bytes of one file.
    limit: u64,
    segments: Mutex<Segments>,
    /// Where the log ends, counted from its first byte ever; `None` once nothing more can come.
    end: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Segments {
    older: Option<Segment>,
    newer: Option<Segment>,
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
    pub(crate) fn new(dir: PathBuf, limit: u64) -> Self {
        Self {
            dir,
            limit,
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
        self.write(code, bytes);
    }

    /// The run is over.
    pub(crate) fn end_run(&self) {
        self.write(RUN_ENDED, &[]);
        self.lock().file = None;
    }

    fn write(&self, code: u8, bytes: &[u8]) {
        let mut segments = self.lock();
        match segments.write(&self.dir, self.limit, code, bytes) {
            Ok(end) => drop(self.end.send_replace(end)),
            Err(error) => tracing::debug!(%error, "a piece of output was not logged"),
        }
    }
}

impl Segments {
    fn write(
        &mut self,
        dir: &std::path::Path,
        limit: u64,
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
            .newer
            .as_ref()
            .is_none_or(|newer| newer.len > 0 && newer.len + whole > limit)
        {
            self.rotate(dir)?;
        }
        let Some(newer) = self.newer.as_mut() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if self.file.is_none() {
            self.file = Some(
                File::options()
                    .append(true)
                    .create(true)
                    .open(&newer.path)?,
            );
        }
        let Some(file) = self.file.as_mut() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let parts = [IoSlice::new(&header), IoSlice::new(bytes)];
        let written = io::Write::write_vectored(file, &parts)? as u64;
        if written < whole {
            // Half a record cannot be read: the disk is full.
            file.set_len(newer.len)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        newer.len += whole;
        Ok(newer.end())
    }

    fn rotate(&mut self, dir: &std::path::Path) -> io::Result<()> {
        let start = self.newer.as_ref().map_or(0, Segment::end);
        let path = dir.join(format!("log.{}", self.count));
        let file = File::options().append(true).create(true).open(&path)?;
        if let Some(dropped) = self.older.take() {
            let _ = std::fs::remove_file(dropped.path);
        }
        self.older = self.newer.take();
        self.newer = Some(Segment {
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
        [&self.older, &self.newer]
            .into_iter()
            .flatten()
            .find(|segment| position < segment.end())
    }
}

/// Reads `buffer.len()` bytes at most.
fn read_at(segment: &Segment, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let left = usize::try_from(segment.end() - position)
        .unwrap_or(usize::MAX)
        .min(buffer.len());
    File::open(&segment.path)?.read_at(&mut buffer[..left], position - segment.start)
}
