//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Asks until `look` answers something; panics with `what` when `patience` runs out.
#[track_caller]
pub fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited {patience:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Asks until `holds` is true.
#[track_caller]
pub fn until_true(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    until(what, patience, || holds().then_some(()));
}
