//! A connection that stops being HTTP and carries raw bytes both ways.
//!
//! A client that asks for it (`Upgrade: tcp`) gets 101. One that does not gets a 200 whose body is the output:
//! it can read, but its input ends with its request.

use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use drydock_api::stdcopy::{self, Stream};
use drydock_runtime::sys::unread_by_peer;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use rustix::event::epoll;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, Interest, unix::AsyncFd},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{Instant, sleep},
};

use super::stream::Sender;
use crate::process::watched;

/// How the two halves of an output stream are told apart.
pub(crate) const RAW_STREAM: &str = "application/vnd.docker.raw-stream";
/// As [`RAW_STREAM`], with frames; asked for since 1.42.
pub(crate) const MULTIPLEXED_STREAM: &str = "application/vnd.docker.multiplexed-stream";

/// How long the first output waits for a client to read the head of the answer.
const HEAD_IS_READ: Duration = Duration::from_millis(500);

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

impl Raw {
    /// Both halves of a connection that nothing was read from yet.
    pub(crate) fn over(stream: UnixStream) -> Self {
        let (half, writer) = stream.into_split();
        Self {
            reader: Reader {
                early: Bytes::new(),
                half,
            },
            writer,
        }
    }
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

    /// Tells when the client has closed both directions. Reading cannot tell that from the end of its input
    /// alone; an epoll set of its own reports nothing but the hang-up.
    pub(crate) fn watcher(&self) -> Watcher {
        let watch = || -> io::Result<AsyncFd<OwnedFd>> {
            let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
            let flags = epoll::EventFlags::empty();
            epoll::add(
                &set,
                self.half.as_ref(),
                epoll::EventData::new_u64(0),
                flags,
            )?;
            watched(set, Interest::READABLE)
        };
        Watcher(watch().ok())
    }
}

/// Watches for a client's hang-up.
#[derive(Debug)]
pub(crate) struct Watcher(Option<AsyncFd<OwnedFd>>);

impl Watcher {
    /// Returns once the client has closed both directions.
    pub(crate) async fn hung_up(&self) {
        match &self.0 {
            Some(set) => drop(set.readable().await),
            // Then the next failing write tells.
            None => std::future::pending().await,
        }
    }
}

/// Where output goes: to a raw connection, or into the body of an answer.
#[derive(Debug)]
pub(crate) enum Output {
    Raw(RawOutput),
    Body(Sender),
}

/// The client's end of a raw connection.
#[derive(Debug)]
pub(crate) struct RawOutput {
    half: OwnedWriteHalf,
    /// The client has read the head of the answer.
    begun: bool,
}

impl RawOutput {
    pub(crate) fn new(half: OwnedWriteHalf) -> Self {
        Self { half, begun: false }
    }

    /// The half, once the client has read the head, or had time enough for it.
    ///
    /// Some clients (docker-py) read the head through a buffer that they then throw away, and with it any
    /// output that came along. Docker's own daemon is slow enough never to show them.
    async fn half(&mut self) -> &mut OwnedWriteHalf {
        if !self.begun {
            let end = Instant::now() + HEAD_IS_READ;
            while unread_by_peer(self.half.as_ref().as_fd()).is_ok_and(|bytes| bytes > 0)
                && Instant::now() < end
            {
                sleep(Duration::from_millis(1)).await;
            }
            self.begun = true;
        }
        &mut self.half
    }
}

impl Output {
    /// Sends a piece, with a frame's header where stdout and stderr share the connection.
    pub(crate) async fn send(
        &mut self,
        framed: bool,
        stream: Stream,
        bytes: Bytes,
    ) -> io::Result<()> {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let header = stdcopy::header(stream, len);
        match self {
            Self::Raw(raw) if !framed => raw.half().await.write_all(&bytes).await,
            Self::Raw(raw) => write_both(raw.half().await, &header, &bytes).await,
            Self::Body(sender) => {
                if framed {
                    sender
                        .bytes(Bytes::copy_from_slice(&header))
                        .await
                        .map_err(io::Error::other)?;
                }
                sender.bytes(bytes).await.map_err(io::Error::other)
            }
        }
    }
}

/// One system call where the socket takes it.
async fn write_both(half: &mut OwnedWriteHalf, header: &[u8], bytes: &[u8]) -> io::Result<()> {
    let n = half
        .write_vectored(&[io::IoSlice::new(header), io::IoSlice::new(bytes)])
        .await?;
    if n < header.len() {
        half.write_all(&header[n..]).await?;
        return half.write_all(bytes).await;
    }
    half.write_all(&bytes[n - header.len()..]).await
}
