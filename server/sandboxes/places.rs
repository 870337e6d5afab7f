//! How many sandboxes one server runs: each takes memory of the host, and a start beyond that is refused in words.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A bound on sandboxes that run and starts under way together.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    starting: Mutex<usize>,
}

/// A start under way. Dropped once the sandbox is counted among those that run, or did not start.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a Places);

impl Places {
    pub fn new(max: usize) -> Self {
        Self {
            max,
            starting: Mutex::new(0),
        }
    }

    /// A place for a start, or how many there are, all of them taken. `running` is asked while nobody else
    /// can take one.
    pub fn take(&self, running: impl FnOnce() -> usize) -> Result<Place<'_>, usize> {
        let mut starting = self.starting();
        if running() + *starting >= self.max {
            return Err(self.max);
        }
        *starting += 1;
        Ok(Place(self))
    }

    fn starting(&self) -> MutexGuard<'_, usize> {
        self.starting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.starting() -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_run_and_those_that_start_share_the_places() {
        let places = Places::new(3);
        let first = places.take(|| 1).unwrap();
        let _second = places.take(|| 1).unwrap();
        assert_eq!(places.take(|| 1).unwrap_err(), 3);
        drop(first);
        assert!(places.take(|| 1).is_ok());
        assert!(places.take(|| 2).is_err());
    }
}
