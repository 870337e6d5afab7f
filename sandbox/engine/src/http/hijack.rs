//! A connection that stops being HTTP and carries raw bytes both ways.
//!
//! A client that asks for it (`Upgrade: tcp`) gets 101. One that does not gets a 200 whose body is the output:
//! it can read, but its input ends with its request.

use std::{io, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
    response::Response,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use rustix::event::{PollFd, PollFlags, poll};
use tokio::{
    io::AsyncReadExt as _,
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// How the two halves of an output stream are told apart.
pub(crate) const RAW_STREAM: &str = "application/vnd.docker.raw-stream";
/// As [`RAW_STREAM`], with frames; asked for since 1.42.
pub(crate) const MULTIPLEXED_STREAM: &str = "application/vnd.docker.multiplexed-stream";

/// The client's wish for a raw connection, taken from its request.
#[derive(Debug)]
pub(crate) struct Wish(Option<OnUpgrade>);

impl Wish {
    /// Takes the wish from the request's headers and connection.
    pub(crate) fn take(request: &mut Request<Body>) -> Self {
        let asked = request.headers().contains_key(header::UPGRADE);
        Self(asked.then(|| hyper::upgrade::on(request)))
    }

    /// Whether a raw connection was asked for.
    pub(crate) fn is_upgrade(&self) -> bool {
        self.0.is_some()
    }

    /// The raw connection; only after the 101 was handed to the client.
    pub(crate) async fn connection(self) -> io::Result<Option<Raw>> {
        let Some(upgrade) = self.0 else {
            return Ok(None);
        };
        let upgraded = upgrade.await.map_err(io::Error::other)?;
        let parts = upgraded
            .downcast::<TokioIo<UnixStream>>()
            .map_err(|_| io::Error::other("not a unix socket"))?;
        let (read, write) = parts.io.into_inner().into_split();
        Ok(Some(Raw {
            reader: Reader {
                early: parts.read_buf,
                half: read,
            },
            writer: write,
        }))
    }
}

/// `101 Switching Protocols`, as Docker's clients expect it.
pub(crate) fn switching(content_type: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("tcp"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Both halves of a raw connection.
#[derive(Debug)]
pub(crate) struct Raw {
    /// What the client sends.
    pub reader: Reader,
    /// What it receives; dropping it tells the client that there is no more.
    pub writer: OwnedWriteHalf,
}

/// What the client sends, beginning with what came along with its request.
#[derive(Debug)]
pub(crate) struct Reader {
    early: bytes::Bytes,
    half: OwnedReadHalf,
}

impl Reader {
    /// Reads some bytes; 0 is the end of the client's input.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.early.is_empty() {
            let n = self.early.len().min(buffer.len());
            buffer[..n].copy_from_slice(&self.early.split_to(n));
            return Ok(n);
        }
        self.half.read(buffer).await
    }

    /// Returns once the client has closed both directions. Epoll reports it together with the end of input,
    /// which a client may also send alone, so it is asked for now and then.
    pub(crate) async fn hung_up(&self) {
        loop {
            let mut fds = [PollFd::new(self.half.as_ref(), PollFlags::empty())];
            let asked = poll(
                &mut fds,
                Some(&rustix::event::Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                }),
            );
            if asked.is_ok() && fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}
