//! Between what blocks and the client: each archive has a thread, a few pieces in flight, and a client that must go
//! on reading or sending.

use std::{
    io::{self, Write},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use bytes::{Bytes, BytesMut};
use drydock_api::pieces::Pieces;
use futures_util::stream;
use http_body_util::BodyExt as _;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit, mpsc, oneshot},
    time::timeout,
};

use crate::error::EngineError;

/// Archives at once; more wait.
static ARCHIVES: Semaphore = Semaphore::const_new(8);

/// Pieces between the thread and the client.
const QUEUE: usize = 4;
/// Bytes of a piece.
const PIECE: usize = 64 << 10;
/// How long a client may do nothing: others wait for its place, and a stopped container cannot be started meanwhile.
const STALLED: Duration = Duration::from_secs(60);
/// Bytes that are still read of an archive that was refused: a client reads its answer once it has sent all.
const REST: usize = 4 << 30;
const STACK: usize = 1 << 20;

/// A place among the archives.
pub(crate) type Permit = SemaphorePermit<'static>;

/// Waits for a place.
pub(crate) async fn permit() -> Result<Permit, EngineError> {
    ARCHIVES
        .acquire()
        .await
        .map_err(|_| EngineError::Conflict("the sandbox ends".into()))
}

/// An answer that `write` writes, on a thread of its own. When it fails, the answer breaks off.
pub(crate) fn download(
    permit: Permit,
    content_type: &'static str,
    write: impl FnOnce(&mut Sender) -> io::Result<()> + Send + 'static,
) -> Result<Response, EngineError> {
    let (pieces, receiver) = mpsc::channel(QUEUE);
    let mut sender = Sender {
        pieces,
        piece: BytesMut::new(),
        runtime: Handle::current(),
    };
    thread(move || {
        let _permit = permit;
        if let Err(error) = write(&mut sender).and_then(|()| sender.flush()) {
            tracing::debug!(%error, "an archive broke off");
            let _ = sender.send(Err(error));
        }
    })?;
    let body = Body::from_stream(stream::unfold(receiver, async |mut receiver| {
        let piece: io::Result<Bytes> = receiver.recv().await?;
        Some((piece, receiver))
    }));
    let content_type = [(CONTENT_TYPE, HeaderValue::from_static(content_type))];
    Ok((StatusCode::OK, content_type, body).into_response())
}

/// Lets `read` read a request's body, on a thread of its own, and waits for what it makes of it.
pub(crate) async fn upload<T: Send + 'static>(
    permit: Permit,
    body: Body,
    read: impl FnOnce(Pieces) -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    let (pieces, receiver) = mpsc::channel(QUEUE);
    let (answer, answered) = oneshot::channel();
    thread(move || {
        let _permit = permit;
        let _ = answer.send(read(Pieces::new(receiver)));
    })?;
    forward(body, pieces).await;
    answered.await.unwrap_or_else(|_| {
        Err(EngineError::os("read the archive")(
            io::ErrorKind::Interrupted.into(),
        ))
    })
}

/// Lets `read` read a request's body, on a thread of its own that answers by itself.
pub(crate) fn exchange(
    permit: Permit,
    body: Body,
    read: impl FnOnce(Pieces) + Send + 'static,
) -> Result<(), EngineError> {
    let (pieces, receiver) = mpsc::channel(QUEUE);
    thread(move || {
        let _permit = permit;
        read(Pieces::new(receiver));
    })?;
    tokio::spawn(forward(body, pieces));
    Ok(())
}

/// Passes a body on. A client reads its answer once it has sent all, so what nobody wants is read and dropped.
async fn forward(mut body: Body, pieces: mpsc::Sender<io::Result<Bytes>>) {
    let mut rest = REST;
    loop {
        let piece = match timeout(STALLED, body.frame()).await {
            Ok(None) => break,
            Ok(Some(frame)) => frame
                .map(|frame| frame.into_data().unwrap_or_default())
                .map_err(io::Error::other),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let (failed, bytes) = (piece.is_err(), piece.as_ref().map_or(0, Bytes::len));
        if pieces.send(piece).await.is_err() {
            // Refused, or complete: what follows is read and dropped.
            rest = rest.saturating_sub(bytes);
        }
        if failed || rest == 0 {
            break;
        }
    }
}

fn thread(work: impl FnOnce() + Send + 'static) -> Result<(), EngineError> {
    let builder = std::thread::Builder::new()
        .name("archive".into())
        .stack_size(STACK);
    builder
        .spawn(work)
        .map(drop)
        .map_err(EngineError::os("start a thread"))
}

/// Small writes become pieces of an answer.
#[derive(Debug)]
pub(crate) struct Sender {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    piece: BytesMut,
    runtime: Handle,
}

impl Sender {
    fn send(&self, piece: io::Result<Bytes>) -> io::Result<()> {
        let sent = timeout_send(&self.runtime, &self.pieces, piece);
        sent.map_err(|()| io::ErrorKind::BrokenPipe.into())
    }
}

fn timeout_send(
    runtime: &Handle,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
    piece: io::Result<Bytes>,
) -> Result<(), ()> {
    runtime.block_on(async {
        match timeout(STALLED, pieces.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(()),
        }
    })
}

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.reserve(PIECE - self.piece.len());
        let count = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..count]);
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = self.piece.split().freeze();
        self.send(Ok(piece))
    }
}
