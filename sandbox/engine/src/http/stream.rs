//! Answers that grow while they are read.

use std::io;

use axum::{
    body::Body,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::mpsc;

/// Pieces between the writer and a client that reads slowly.
const QUEUE: usize = 16;

/// The sending half of a growing answer; sending fails once the client has gone.
#[derive(Debug, Clone)]
pub(crate) struct Sender(mpsc::Sender<io::Result<Bytes>>);

/// The client has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client has gone")]
pub(crate) struct Gone;

impl Sender {
    /// Sends raw bytes, waiting while the client is behind.
    pub(crate) async fn bytes(&self, bytes: Bytes) -> Result<(), Gone> {
        self.0.send(Ok(bytes)).await.map_err(|_| Gone)
    }

    /// Sends one JSON value and a line end.
    pub(crate) async fn json(&self, value: &impl Serialize) -> Result<(), Gone> {
        self.bytes(json_line(value)).await
    }

    /// Sends one JSON value as Go's encoder ends it.
    pub(crate) async fn json_value(&self, value: &impl Serialize) -> Result<(), Gone> {
        let mut line = serde_json::to_vec(value).unwrap_or_default();
        line.push(b'\n');
        self.bytes(line.into()).await
    }

    /// As [`Sender::json`], from a thread that may block.
    pub(crate) fn json_blocking(&self, value: &impl Serialize) -> Result<(), Gone> {
        self.bytes_blocking(json_line(value))
    }

    /// As [`Sender::bytes`], from a thread that may block.
    pub(crate) fn bytes_blocking(&self, bytes: Bytes) -> Result<(), Gone> {
        self.0.blocking_send(Ok(bytes)).map_err(|_| Gone)
    }

    /// Ends the answer so that the client sees that it is not whole.
    pub(crate) fn abort_blocking(self, why: io::Error) {
        // A client that has gone is told nothing.
        let _ = self.0.blocking_send(Err(why));
    }

    /// Returns once the client has gone.
    pub(crate) async fn closed(&self) {
        self.0.closed().await;
    }
}

fn json_line(value: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.extend_from_slice(b"\r\n");
    line.into()
}

/// A 200 whose body is what the sender sends, headers first.
pub(crate) fn growing(content_type: &'static str) -> (Sender, Response) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let body = Body::from_stream(stream::unfold(receiver, async |mut receiver| {
        let bytes: io::Result<Bytes> = receiver.recv().await?;
        Some((bytes, receiver))
    }));
    let response = (StatusCode::OK, [(CONTENT_TYPE, content_type)], body).into_response();
    (Sender(sender), response)
}

/// Writes into a growing answer, from a thread that may block.
#[derive(Debug)]
pub(crate) struct BlockingWriter<'a> {
    sender: &'a Sender,
    pending: Vec<u8>,
}

/// Bytes in one piece of an answer.
const PIECE: usize = 64 << 10;

impl<'a> BlockingWriter<'a> {
    /// What is written must be flushed at the end.
    pub(crate) fn new(sender: &'a Sender) -> Self {
        Self {
            sender,
            pending: Vec::with_capacity(PIECE),
        }
    }
}

impl io::Write for BlockingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PIECE - self.pending.len());
        self.pending.extend_from_slice(&bytes[..count]);
        if self.pending.len() == PIECE {
            self.flush()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.pending, Vec::with_capacity(PIECE));
        self.sender
            .bytes_blocking(piece.into())
            .map_err(|gone| io::Error::new(io::ErrorKind::BrokenPipe, gone))
    }
}
