//! The raw stream that a connection becomes after `101 Switching Protocols`.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf};

/// A raw stream to the engine. `shutdown` closes only our direction: the engine's answer can still be read.
#[derive(Debug)]
pub struct Hijacked {
    stream: TokioIo<Upgraded>,
}

/// The half that reads.
pub type HijackReader = ReadHalf<Hijacked>;
/// The half that writes.
pub type HijackWriter = WriteHalf<Hijacked>;

impl Hijacked {
    pub(super) fn new(upgraded: Upgraded) -> Self {
        Self {
            stream: TokioIo::new(upgraded),
        }
    }

    /// Both directions, to be used by two tasks.
    #[must_use]
    pub fn split(self) -> (HijackReader, HijackWriter) {
        tokio::io::split(self)
    }
}

impl AsyncRead for Hijacked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Hijacked {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
