//! A reader that gives up on senders that trickle.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

/// How slow a registry may be.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// So long it may be as slow as it likes.
    pub grace: Duration,
    /// Bytes a second, on average since the beginning.
    pub least: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(60),
            least: 8 << 10,
        }
    }
}

/// Reads while the pace is kept.
#[derive(Debug)]
pub(super) struct Paced<R> {
    inner: R,
    pace: Pace,
    began: Instant,
    bytes: u64,
}

impl<R> Paced<R> {
    pub(super) fn new(inner: R, pace: Pace) -> Self {
        Self {
            inner,
            pace,
            began: Instant::now(),
            bytes: 0,
        }
    }

    fn is_too_slow(&self) -> bool {
        let late = self.began.elapsed().saturating_sub(self.pace.grace);
        late.as_secs_f64() * self.pace.least as f64 > self.bytes as f64
    }
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_too_slow() {
            let least = self.pace.least >> 10;
            let text = format!("more slowly than {least} KiB a second; given up");
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Tells how many bytes have passed, ten times a second at most.
pub(super) struct Meter<'a, R> {
    inner: R,
    bytes: u64,
    told: Instant,
    tell: &'a mut dyn FnMut(u64),
}

impl<'a, R> Meter<'a, R> {
    pub(super) fn new(inner: R, tell: &'a mut dyn FnMut(u64)) -> Self {
        Self {
            inner,
            bytes: 0,
            told: Instant::now(),
            tell,
        }
    }
}

impl<R: Read> Read for Meter<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        if self.told.elapsed() >= Duration::from_millis(100) {
            self.told = Instant::now();
            (self.tell)(self.bytes);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trickle_is_given_up_once_its_grace_is_over() {
        let pace = Pace {
            grace: Duration::ZERO,
            least: u64::MAX,
        };
        let error = Paced::new(&b"data"[..], pace)
            .read(&mut [0; 4])
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let mut patient = Paced::new(&b"data"[..], Pace::default());
        assert_eq!(patient.read(&mut [0; 4]).unwrap(), 4);
    }
}
