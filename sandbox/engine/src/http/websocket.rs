//! A connection that becomes a websocket, and looks like a raw one to whoever carries streams over it.
//!
//! Between the two is a pair of sockets: what comes in messages goes on as bytes, and the other way round.
//! A client that hangs up closes the pair too.

use std::io;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use super::hijack::Raw;
use crate::error::EngineError;

/// Bytes of one message at most, from either side.
const MESSAGE: usize = 1 << 20;

/// Bytes of output in one message.
const CHUNK: usize = 32 << 10;

/// A client's wish for a websocket.
#[derive(Debug)]
pub(crate) struct Handshake {
    upgrade: OnUpgrade,
    accept: String,
}

impl Handshake {
    /// Takes the wish from the request (RFC 6455, section 4.2.1).
    pub(crate) fn take(request: &mut Request<Body>) -> Result<Self, EngineError> {
        let headers = request.headers();
        let says = |name, wanted: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        let key = headers.get(header::SEC_WEBSOCKET_KEY);
        let (Some(key), true, true) = (
            key,
            says(header::UPGRADE, "websocket"),
            says(header::SEC_WEBSOCKET_VERSION, "13"),
        ) else {
            return Err(EngineError::Invalid(
                "this page is a websocket: send Upgrade: websocket and Sec-WebSocket-Version: 13"
                    .into(),
            ));
        };
        let accept = derive_accept_key(key.as_bytes());
        Ok(Self {
            upgrade: hyper::upgrade::on(request),
            accept,
        })
    }

    /// `101 Switching Protocols`.
    pub(crate) fn answer(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers: &mut HeaderMap = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        response
    }

    /// The connection; only after the answer was handed to the client.
    pub(crate) async fn connection(self) -> io::Result<Raw> {
        let upgraded = TokioIo::new(self.upgrade.await.map_err(io::Error::other)?);
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE))
            .max_frame_size(Some(MESSAGE));
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await;
        let (ours, theirs) = UnixStream::pair()?;
        tokio::spawn(async move {
            if let Err(error) = pump(socket, ours).await {
                tracing::debug!(%error, "a websocket ended");
            }
        });
        Ok(Raw::over(theirs))
    }
}

async fn pump(socket: WebSocketStream<TokioIo<Upgraded>>, stream: UnixStream) -> io::Result<()> {
    let (mut sink, mut source) = socket.split();
    let (mut output, mut input) = stream.into_split();
    let printing = async {
        let mut buffer = vec![0; CHUNK];
        loop {
            let n = output.read(&mut buffer).await?;
            if n == 0 {
                return sink.close().await.map_err(io::Error::other);
            }
            let message = Message::Binary(Bytes::copy_from_slice(&buffer[..n]));
            sink.send(message).await.map_err(io::Error::other)?;
        }
    };
    let typing = async {
        while let Some(message) = source.next().await {
            match message.map_err(io::Error::other)? {
                Message::Binary(bytes) => input.write_all(&bytes).await?,
                Message::Text(text) => input.write_all(text.as_bytes()).await?,
                Message::Close(_) => break,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = printing => ended,
        ended = typing => ended,
    }
}
