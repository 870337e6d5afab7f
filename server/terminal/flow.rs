//! What the two directions of one terminal share: the page's credit and what it typed.
//!
//! The directions must not wait for each other: a program that echoes a long paste cannot read on
//! until its output is drawn, and output is not drawn while the acknowledgements stand in line
//! behind the paste.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use bytes::Bytes;
use drydock_api::terminal::Frame;
use tokio::{sync::Notify, time::Instant};

/// Output that the page may have received and not yet drawn.
pub const WINDOW: usize = 256 * 1024;
/// Input that may wait for a program that does not read.
pub const MAX_PENDING_INPUT: usize = 1024 * 1024;
/// Resizes that may wait; each makes the ones before it pointless.
const MAX_PENDING_FRAMES: usize = 4096;

/// The state of one terminal's traffic.
#[derive(Debug)]
pub struct Flow {
    undrawn: Cell<usize>,
    drawn: Notify,
    input: RefCell<VecDeque<Frame>>,
    input_bytes: Cell<usize>,
    typed: Notify,
    heard: Cell<Instant>,
}

/// Input was refused: too much of it waits already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputFull;

impl Flow {
    /// Nothing sent, nothing typed.
    #[must_use]
    pub fn new() -> Self {
        Self {
            undrawn: Cell::new(0),
            drawn: Notify::new(),
            input: RefCell::default(),
            input_bytes: Cell::new(0),
            typed: Notify::new(),
            heard: Cell::new(Instant::now()),
        }
    }

    /// Waits until `bytes` more may be sent, and counts them as sent.
    pub async fn spend(&self, bytes: usize) {
        // One message goes out whatever its size, so that no size can stop the stream for good.
        while self.undrawn.get() > 0 && self.undrawn.get() + bytes > WINDOW {
            self.drawn.notified().await;
        }
        self.undrawn.set(self.undrawn.get() + bytes);
    }

    /// The page has drawn so many bytes. Replays are drawn without having been counted.
    pub fn acknowledge(&self, bytes: u32) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.undrawn.set(self.undrawn.get().saturating_sub(bytes));
        self.drawn.notify_one();
    }

    /// Queues something for the shell.
    ///
    /// # Errors
    /// When too much is queued already; this frame is dropped whole.
    pub fn queue(&self, frame: Frame) -> Result<(), InputFull> {
        let len = payload(&frame);
        let mut input = self.input.borrow_mut();
        if self.input_bytes.get() + len > MAX_PENDING_INPUT || input.len() >= MAX_PENDING_FRAMES {
            return Err(InputFull);
        }
        self.input_bytes.set(self.input_bytes.get() + len);
        input.push_back(frame);
        self.typed.notify_one();
        Ok(())
    }

    /// Waits for the next thing for the shell.
    pub async fn next_input(&self) -> Frame {
        loop {
            let next = self.input.borrow_mut().pop_front();
            if let Some(frame) = next {
                self.input_bytes
                    .set(self.input_bytes.get() - payload(&frame));
                return frame;
            }
            self.typed.notified().await;
        }
    }

    /// The page said something, anything.
    pub fn hear(&self) {
        self.heard.set(Instant::now());
    }

    /// When the page was last heard.
    #[must_use]
    pub fn last_heard(&self) -> Instant {
        self.heard.get()
    }
}

impl Default for Flow {
    fn default() -> Self {
        Self::new()
    }
}

fn payload(frame: &Frame) -> usize {
    match frame {
        Frame::Input(bytes) | Frame::Replay(bytes) | Frame::Output(bytes) => Bytes::len(bytes),
        Frame::Resize { .. } | Frame::Exit(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn output_waits_once_the_window_is_full() {
        let flow = Flow::new();
        assert!(flow.spend(WINDOW).now_or_never().is_some());
        assert!(flow.spend(1).now_or_never().is_none());
        flow.acknowledge(1);
        assert!(flow.spend(1).now_or_never().is_some());
    }

    #[test]
    fn a_message_larger_than_the_window_still_goes_out() {
        let flow = Flow::new();
        assert!(flow.spend(WINDOW * 2).now_or_never().is_some());
        assert!(flow.spend(1).now_or_never().is_none());
    }

    #[test]
    fn more_acknowledged_than_sent_is_no_credit() {
        let flow = Flow::new();
        flow.acknowledge(u32::MAX);
        assert!(flow.spend(WINDOW).now_or_never().is_some());
        assert!(flow.spend(1).now_or_never().is_none());
    }

    #[test]
    fn input_that_nobody_reads_is_bounded_and_resizes_still_pass() {
        let flow = Flow::new();
        let paste = || Frame::Input(Bytes::from(vec![b'x'; MAX_PENDING_INPUT / 2]));
        assert_eq!(flow.queue(paste()), Ok(()));
        assert_eq!(flow.queue(paste()), Ok(()));
        assert_eq!(
            flow.queue(Frame::Input(Bytes::from_static(b"x"))),
            Err(InputFull)
        );
        assert_eq!(flow.queue(Frame::Resize { cols: 1, rows: 1 }), Ok(()));
        assert!(flow.next_input().now_or_never().is_some());
        assert_eq!(flow.queue(paste()), Ok(()));
    }
}
