//! When somebody was last here, so that a forgotten sandbox can end itself.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Open streams and the time of the last request.
#[derive(Debug)]
pub(crate) struct Activity {
    last: Mutex<Instant>,
    control_connections: AtomicUsize,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            last: Mutex::new(Instant::now()),
            control_connections: AtomicUsize::new(0),
        }
    }
}

impl Activity {
    /// Somebody asked for something.
    pub(crate) fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Time since the last request or the end of the last connection.
    pub(crate) fn idle_for(&self) -> Duration {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    /// Counts a connection of the server for as long as the guard lives.
    pub(crate) fn control_connection(&self) -> ControlConnection<'_> {
        self.control_connections.fetch_add(1, Ordering::Relaxed);
        ControlConnection(self)
    }

    /// Whether the server is connected now.
    pub(crate) fn is_controlled(&self) -> bool {
        self.control_connections.load(Ordering::Relaxed) > 0
    }
}

/// One open connection of the server.
#[derive(Debug)]
pub(crate) struct ControlConnection<'a>(&'a Activity);

impl Drop for ControlConnection<'_> {
    fn drop(&mut self) {
        self.0.control_connections.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}
