//! What a terminal has shown so far, and waiting for more of it.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Shared between the thread that reads a terminal and the test that looks at it.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<(Mutex<Shown>, Condvar)>);

#[derive(Debug, Default)]
struct Shown {
    bytes: Vec<u8>,
    /// Up to here the test has looked.
    seen: usize,
    ended: bool,
}

impl Transcript {
    pub fn push(&self, bytes: &[u8]) {
        self.0.0.lock().unwrap().bytes.extend_from_slice(bytes);
        self.0.1.notify_all();
    }

    pub fn end(&self) {
        self.0.0.lock().unwrap().ended = true;
        self.0.1.notify_all();
    }

    /// Takes what was shown after the last look, if it holds `needle`: the text up to its end.
    pub fn take(&self, needle: &str) -> Option<String> {
        let mut shown = self.0.0.lock().unwrap();
        take(&mut shown, needle)
    }

    /// Waits until `needle` is shown after the last look; answers the text up to its end.
    #[track_caller]
    pub fn expect(&self, needle: &str, patience: Duration) -> String {
        let end = Instant::now() + patience;
        let mut shown = self.0.0.lock().unwrap();
        loop {
            if let Some(text) = take(&mut shown, needle) {
                return text;
            }
            let left = end.saturating_duration_since(Instant::now());
            let rest = String::from_utf8_lossy(&shown.bytes[shown.seen..]).into_owned();
            assert!(
                !shown.ended,
                "the terminal ended without {needle:?}; it showed: {rest:?}"
            );
            assert!(
                !left.is_zero(),
                "waited {patience:?} for {needle:?}; the terminal showed: {rest:?}"
            );
            shown = self.0.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits for the terminal's end; answers everything shown since the last look.
    #[track_caller]
    pub fn until_end(&self, patience: Duration) -> String {
        let shown = self.0.0.lock().unwrap();
        let open = |shown: &mut Shown| !shown.ended;
        let (shown, timeout) = self.0.1.wait_timeout_while(shown, patience, open).unwrap();
        drop(shown);
        assert!(!timeout.timed_out(), "the terminal does not end");
        self.rest()
    }

    /// Everything shown since the last look.
    pub fn rest(&self) -> String {
        let mut shown = self.0.0.lock().unwrap();
        let text = String::from_utf8_lossy(&shown.bytes[shown.seen..]).into_owned();
        shown.seen = shown.bytes.len();
        text
    }
}

fn take(shown: &mut Shown, needle: &str) -> Option<String> {
    let fresh = &shown.bytes[shown.seen..];
    let at = fresh
        .windows(needle.len())
        .position(|window| window == needle.as_bytes())?;
    let text = String::from_utf8_lossy(&fresh[..at + needle.len()]).into_owned();
    shown.seen += at + needle.len();
    Some(text)
}
