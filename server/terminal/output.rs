//! From the engine to the page's outbox: frames become messages, floods become few large ones.
//!
//! A terminal gives what a program writes in tiny pieces. A few bytes go out at once, since they are the
//! echo of a key; when more follows closely, it is gathered.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use drydock_api::terminal::Frame;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite::Message;

use super::{bridge::End, flow::Flow, frame::ServerFrame};

/// What is asked of the engine's stream at once.
pub const READ: usize = 16 * 1024;
/// Gathered output goes out at this size, however young it is.
pub const BATCH: usize = 32 * 1024;
/// Output is gathered for so long; the eye does not notice.
const GATHER: Duration = Duration::from_millis(3);
/// So many bytes in that time are no flood yet: fast typing with its escape sequences.
const ECHO: usize = 512;

/// The engine's side of one terminal.
#[derive(Debug)]
pub struct Output<'a, E> {
    engine: E,
    flow: &'a Flow,
    outbox: &'a mpsc::Sender<Message>,
    wire: BytesMut,
    batch: BytesMut,
    replayed: bool,
    /// When the present stretch of [`GATHER`] began, and what was sent in it.
    stretch: (Instant, usize),
}

impl<'a, E: AsyncRead + Unpin> Output<'a, E> {
    /// Nothing read yet.
    pub fn new(engine: E, flow: &'a Flow, outbox: &'a mpsc::Sender<Message>) -> Self {
        Self {
            engine,
            flow,
            outbox,
            wire: BytesMut::new(),
            batch: BytesMut::new(),
            replayed: false,
            stretch: (Instant::now(), 0),
        }
    }

    /// Passes everything on until one side ends.
    pub async fn run(mut self) -> End {
        match self.pass_on().await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn pass_on(&mut self) -> Result<std::convert::Infallible, End> {
        loop {
            match Frame::decode(&mut self.wire).map_err(End::EngineGarbled)? {
                None => self.read().await?,
                // A long replay takes several frames. The page clears its screen for the first; what
                // follows is output to it, and counts against its credit.
                Some(Frame::Replay(bytes)) if !self.replayed => {
                    self.replayed = true;
                    self.send(&ServerFrame::Replay(bytes)).await?;
                }
                Some(Frame::Replay(bytes) | Frame::Output(bytes)) => {
                    self.batch.extend_from_slice(&bytes);
                    if self.batch.len() >= BATCH {
                        self.send_batch().await?;
                    }
                }
                Some(Frame::Exit(code)) => {
                    self.send_batch().await?;
                    self.send(&ServerFrame::Exit(code)).await?;
                    return Err(End::ShellExited);
                }
                // The engine's own direction only.
                Some(Frame::Input(_) | Frame::Resize { .. }) => {}
            }
        }
    }

    /// Reads more, or sends what was gathered when nothing more comes in time.
    async fn read(&mut self) -> Result<(), End> {
        self.wire.reserve(READ);
        let reading = self.engine.read_buf(&mut self.wire);
        let read = if self.batch.is_empty() {
            reading.await
        } else {
            tokio::select! {
                biased;
                read = reading => read,
                () = gathered(self.stretch) => return self.send_batch().await,
            }
        };
        match read {
            Ok(1..) => Ok(()),
            Ok(0) | Err(_) => {
                self.send_batch().await?;
                Err(End::EngineGone)
            }
        }
    }

    async fn send_batch(&mut self) -> Result<(), End> {
        let bytes: Bytes = self.batch.split().freeze();
        if bytes.is_empty() {
            return Ok(());
        }
        let (begun, sent) = self.stretch;
        self.stretch = match begun.elapsed() < GATHER {
            true => (begun, sent + bytes.len()),
            false => (Instant::now(), bytes.len()),
        };
        self.flow.spend(bytes.len()).await;
        self.send(&ServerFrame::Output(bytes)).await?;
        Ok(())
    }

    async fn send(&self, frame: &ServerFrame) -> Result<(), End> {
        let message = Message::Binary(frame.encode());
        self.outbox.send(message).await.map_err(|_| End::PageLeft)
    }
}

/// Until output may go out: at once while little did in this stretch, else at the stretch's end.
async fn gathered((begun, sent): (Instant, usize)) {
    if sent >= ECHO && begun.elapsed() < GATHER {
        sleep_until(begun + GATHER).await;
    }
}
