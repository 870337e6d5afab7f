//! What a request carries.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use serde::Serialize;
use tokio::sync::mpsc;

/// The body of a request: nothing, some bytes, JSON, or bytes that are still being made.
#[derive(Debug)]
pub struct Body {
    inner: UnsyncBoxBody<Bytes, BodyAborted>,
    content_type: Option<&'static str>,
}

/// The maker of a streamed body gave up; the request is broken off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BodyAborted(pub String);

impl Body {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            inner: boxed(Empty::new()),
            content_type: None,
        }
    }

    /// These bytes.
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>, content_type: &'static str) -> Self {
        Self {
            inner: boxed(Full::new(bytes.into())),
            content_type: Some(content_type),
        }
    }

    /// `value` as JSON.
    ///
    /// # Errors
    /// When `value` cannot be JSON.
    pub fn json(value: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        Ok(Self::bytes(serde_json::to_vec(value)?, "application/json"))
    }

    /// A body that is sent while it is made. At most `depth` pieces wait; then the sender waits.
    #[must_use]
    pub fn channel(depth: usize, content_type: &'static str) -> (BodySender, Self) {
        let (sender, receiver) = mpsc::channel(depth.max(1));
        let body = Self {
            inner: UnsyncBoxBody::new(Streamed(receiver)),
            content_type: Some(content_type),
        };
        (BodySender(sender), body)
    }

    /// What `Content-Type` says.
    #[must_use]
    pub fn content_type(&self) -> Option<&'static str> {
        self.content_type
    }
}

fn boxed(
    body: impl HttpBody<Data = Bytes, Error = Infallible> + Send + 'static,
) -> UnsyncBoxBody<Bytes, BodyAborted> {
    body.map_err(|never| match never {}).boxed_unsync()
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyAborted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyAborted>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The other end of [`Body::channel`]; dropping it ends the body.
#[derive(Debug, Clone)]
pub struct BodySender(mpsc::Sender<Result<Bytes, BodyAborted>>);

impl BodySender {
    /// Sends a piece; false when the request is over and nobody reads on.
    pub async fn send(&self, piece: impl Into<Bytes>) -> bool {
        self.0.send(Ok(piece.into())).await.is_ok()
    }

    /// As [`BodySender::send`], for a thread that may block.
    pub fn blocking_send(&self, piece: impl Into<Bytes>) -> bool {
        self.0.blocking_send(Ok(piece.into())).is_ok()
    }

    /// Breaks the request off instead of ending it well.
    pub fn blocking_abort(self, why: impl Into<String>) {
        // A closed channel means the request is over already.
        let _ = self.0.blocking_send(Err(BodyAborted(why.into())));
    }
}

struct Streamed(mpsc::Receiver<Result<Bytes, BodyAborted>>);

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = BodyAborted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyAborted>>> {
        self.0
            .poll_recv(cx)
            .map(|piece| piece.map(|result| result.map(Frame::data)))
    }
}
