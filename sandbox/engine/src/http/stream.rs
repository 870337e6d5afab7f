//! Answers that grow while they are read.

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
pub(crate) struct Sender(mpsc::Sender<Bytes>);

/// The client has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client has gone")]
pub(crate) struct Gone;

impl Sender {
    /// Sends raw bytes, waiting while the client is behind.
    pub(crate) async fn bytes(&self, bytes: Bytes) -> Result<(), Gone> {
        self.0.send(bytes).await.map_err(|_| Gone)
    }

    /// Sends one JSON value and a line end.
    pub(crate) async fn json(&self, value: &impl Serialize) -> Result<(), Gone> {
        self.bytes(json_line(value)).await
    }

    /// As [`Sender::json`], from a thread that may block.
    pub(crate) fn json_blocking(&self, value: &impl Serialize) -> Result<(), Gone> {
        self.0.blocking_send(json_line(value)).map_err(|_| Gone)
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
        let bytes: Bytes = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(bytes), receiver))
    }));
    let response = (StatusCode::OK, [(CONTENT_TYPE, content_type)], body).into_response();
    (Sender(sender), response)
}
