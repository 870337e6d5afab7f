//! The body of a response as a reader.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use hyper::{
    Response,
    body::{Body, Incoming},
};
use tokio::io::{AsyncRead, ReadBuf};

/// Reads a response's body as it comes.
#[derive(Debug)]
pub struct BodyReader {
    body: Incoming,
    piece: Bytes,
}

impl BodyReader {
    /// Reads the body of `response`.
    #[must_use]
    pub fn new(response: Response<Incoming>) -> Self {
        Self {
            body: response.into_body(),
            piece: Bytes::new(),
        }
    }
}

impl AsyncRead for BodyReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.piece.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Ok(frame)) => self.piece = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
            }
        }
        let count = self.piece.len().min(buf.remaining());
        buf.put_slice(&self.piece[..count]);
        self.piece.advance(count);
        Poll::Ready(Ok(()))
    }
}
