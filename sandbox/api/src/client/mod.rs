//! Requests and hijacked streams over a Unix socket.
//!
//! - [`Client`]: one connection per request; cheap to clone.
//! - [`Body`]: what a request carries.
//! - [`Hijacked`]: the raw stream after `101 Switching Protocols`.
//!
//! Deliberately absent: a timeout on everything. `wait`, `logs -f` and `attach` last as long as they last;
//! a caller that cannot wait wraps the future in `tokio::time::timeout`.

mod body;
mod hijack;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::net::UnixStream;

pub use body::{Body, BodySender};
pub use hijack::{HijackReader, HijackWriter, Hijacked};

use crate::error::ErrorMessage;

/// The longest JSON answer that is read into memory.
const MAX_JSON: usize = 64 * 1024 * 1024;
/// The longest refusal that is read into memory.
const MAX_ERROR: usize = 1024 * 1024;

/// Why a request gave no answer, or a refusal.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers at the socket.
    #[error("cannot connect to {}", socket.display())]
    Connect {
        /// Where it was tried.
        socket: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The engine answered, and refused.
    #[error("{message}")]
    Api {
        /// The HTTP status.
        status: StatusCode,
        /// The engine's words.
        message: String,
    },
    /// The connection broke, or what came over it was no HTTP.
    #[error("error during connect: {0}")]
    Http(#[from] hyper::Error),
    /// The path or a header cannot be sent.
    #[error("invalid request: {0}")]
    Request(#[from] http::Error),
    /// The answer is not the JSON that was expected.
    #[error("unexpected answer from the engine: {0}")]
    Json(#[from] serde_json::Error),
    /// The answer's body broke off or is too long.
    #[error("could not read the engine's answer: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    /// The engine answered a hijack with an ordinary response.
    #[error("unable to upgrade to tcp, received {}", .0.as_u16())]
    NotUpgraded(StatusCode),
}

impl ClientError {
    /// The status of a refusal.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Api { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the engine answered that there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }
}

/// A client of one engine.
#[derive(Debug, Clone)]
pub struct Client {
    socket: Arc<Path>,
}

impl Client {
    /// A client of the engine at `socket`; nothing is opened yet.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into().into(),
        }
    }

    /// Where the engine listens.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Sends a request and gives the response with its body still to be read.
    ///
    /// # Errors
    /// Any status of 400 and above becomes [`ClientError::Api`].
    pub async fn request(
        &self,
        method: Method,
        path_and_query: &str,
        body: Body,
    ) -> Result<Response<Incoming>, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path_and_query)
            .header(header::HOST, "docker")
            .header(
                header::USER_AGENT,
                concat!("drydock/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(kind) = body.content_type() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        self.send(request.body(body)?).await
    }

    /// As [`Client::request`], with headers of the caller's own. `Host` is added.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, ClientError> {
        request
            .headers_mut()
            .entry(header::HOST)
            .or_insert(header::HeaderValue::from_static("docker"));
        let stream = self.connect().await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // The driver ends with its connection: when the response is read or dropped, or handed to the hijack.
        tokio::spawn(connection.with_upgrades());
        let response = sender.send_request(request).await?;
        if response.status().as_u16() < 400 {
            return Ok(response);
        }
        Err(refusal(response).await)
    }

    /// `GET` something and read it as JSON.
    ///
    /// # Errors
    /// As [`Client::request`], and when the answer is no such JSON.
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        path_and_query: &str,
    ) -> Result<T, ClientError> {
        let response = self
            .request(Method::GET, path_and_query, Body::empty())
            .await?;
        Ok(serde_json::from_slice(&read_all(response).await?)?)
    }

    /// `POST` JSON and read the answer as JSON. An empty answer reads as `null`.
    ///
    /// # Errors
    /// As [`Client::get_json`].
    pub async fn post_json<T: DeserializeOwned>(
        &self,
        path_and_query: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let response = self
            .request(Method::POST, path_and_query, Body::json(body)?)
            .await?;
        let bytes = read_all(response).await?;
        Ok(serde_json::from_slice(if bytes.is_empty() {
            b"null"
        } else {
            &bytes
        })?)
    }

    /// Sends a request with an empty body and wants no answer but success.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn call(&self, method: Method, path_and_query: &str) -> Result<(), ClientError> {
        let response = self.request(method, path_and_query, Body::empty()).await?;
        read_all(response).await.map(drop)
    }

    /// Sends a request that turns the connection into a raw stream.
    ///
    /// # Errors
    /// As [`Client::request`], and when the engine does not switch protocols.
    pub async fn hijack(
        &self,
        method: Method,
        path_and_query: &str,
        json: Option<&Value>,
    ) -> Result<Hijacked, ClientError> {
        let body = json.map_or_else(|| Ok(Body::empty()), Body::json)?;
        let mut request = Request::builder()
            .method(method)
            .uri(path_and_query)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "tcp");
        if let Some(kind) = body.content_type() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let response = self.send(request.body(body)?).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(ClientError::NotUpgraded(response.status()));
        }
        Ok(Hijacked::new(hyper::upgrade::on(response).await?))
    }

    /// Opens a connection to the engine's socket.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn connect(&self) -> Result<UnixStream, ClientError> {
        UnixStream::connect(&*self.socket)
            .await
            .map_err(|source| ClientError::Connect {
                socket: self.socket.to_path_buf(),
                source,
            })
    }
}

/// Reads a whole body of at most 64 MiB.
///
/// # Errors
/// When the body breaks off or is longer.
pub async fn read_all(response: Response<Incoming>) -> Result<Bytes, ClientError> {
    let body = Limited::new(response.into_body(), MAX_JSON)
        .collect()
        .await
        .map_err(ClientError::Body)?;
    Ok(body.to_bytes())
}

async fn refusal(response: Response<Incoming>) -> ClientError {
    let status = response.status();
    let bytes = match Limited::new(response.into_body(), MAX_ERROR)
        .collect()
        .await
    {
        Ok(body) => body.to_bytes(),
        Err(source) => return ClientError::Body(source),
    };
    let message = match serde_json::from_slice::<ErrorMessage>(&bytes) {
        Ok(error) => error.message.trim_end().to_owned(),
        Err(_) if bytes.is_empty() => {
            format!(
                "request returned {} for API route, check if the server supports the requested API version",
                status
            )
        }
        Err(_) => String::from_utf8_lossy(&bytes).trim_end().to_owned(),
    };
    ClientError::Api { status, message }
}

/// Encodes `text` for use in a query or as one segment of a path.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte))
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_may_not_stand_in_a_query_is_encoded() {
        assert_eq!(percent_encode("a/b:c d&e=ü"), "a%2Fb%3Ac%20d%26e%3D%C3%BC");
    }

    #[tokio::test]
    async fn a_missing_socket_is_told_apart_from_a_refusal() {
        let client = Client::new("/nonexistent/docker.sock");
        let error = client.get_json::<Value>("/version").await.unwrap_err();
        assert!(
            matches!(error, ClientError::Connect { source, .. } if source.kind() == io::ErrorKind::NotFound)
        );
    }
}
