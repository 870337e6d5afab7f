//! The websocket handshake, and a websocket on top of an actix request.
//!
//! actix-web hands over the bytes that come in as a stream that must stay on its thread, and takes
//! the bytes that go out as the body of the 101. An in-memory pipe joins the two to one byte stream,
//! and tungstenite speaks the protocol on its other end.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderMap},
    web::Payload,
};
use futures_util::StreamExt as _;
use tokio::io::{AsyncWriteExt as _, DuplexStream, WriteHalf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util::io::ReaderStream;

/// Bytes under way in each direction between actix and tungstenite.
const PIPE: usize = 16 * 1024;
/// The longest message of the page: a paste.
pub const MAX_MESSAGE: usize = 1024 * 1024;
/// What tungstenite may hold back when the page's connection is slow.
const MAX_WRITE_BUFFER: usize = 256 * 1024;

/// A websocket whose bytes travel through actix.
pub type PageSocket = WebSocketStream<DuplexStream>;

/// Why a request is no websocket handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// No `Upgrade: websocket`.
    #[error("this URL is for websockets only")]
    NotAWebsocket,
    /// Not version 13.
    #[error("only version 13 of the websocket protocol is spoken here")]
    Version,
    /// No key, or none of 16 bytes in base64.
    #[error("the websocket key is missing or malformed")]
    Key,
}

/// The `Sec-WebSocket-Accept` for a handshake.
///
/// # Errors
/// When the headers are no handshake.
pub fn accept_key(headers: &HeaderMap) -> Result<String, HandshakeError> {
    let lists = |name, wanted: &str| {
        headers
            .get_all(name)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    if !lists(header::UPGRADE, "websocket") || !lists(header::CONNECTION, "upgrade") {
        return Err(HandshakeError::NotAWebsocket);
    }
    if headers
        .get(header::SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err(HandshakeError::Version);
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .ok_or(HandshakeError::Key)?
        .as_bytes();
    if key.len() != 24 || !key.ends_with(b"==") {
        return Err(HandshakeError::Key);
    }
    Ok(derive_accept_key(key))
}

/// Answers the handshake. The socket is live once the response has been returned to actix.
///
/// # Errors
/// When the request is no handshake.
pub async fn upgrade(
    request: &HttpRequest,
    payload: Payload,
) -> Result<(HttpResponse, PageSocket), HandshakeError> {
    let accept = accept_key(request.headers())?;
    let (ours, actix) = tokio::io::duplex(PIPE);
    let (outgoing, incoming) = tokio::io::split(actix);
    actix_rt::spawn(copy_in(payload, incoming));
    let response = HttpResponse::SwitchingProtocols()
        .upgrade("websocket")
        .insert_header((header::SEC_WEBSOCKET_ACCEPT, accept))
        .streaming(ReaderStream::with_capacity(outgoing, PIPE));
    let socket = WebSocketStream::from_raw_socket(ours, Role::Server, Some(limits())).await;
    Ok((response, socket))
}

/// The bounds of one websocket.
#[must_use]
pub fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(PIPE)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// Ends with the connection. An error here is how actix reports that the browser went away.
async fn copy_in(mut payload: Payload, mut pipe: WriteHalf<DuplexStream>) {
    while let Some(Ok(bytes)) = payload.next().await {
        if pipe.write_all(&bytes).await.is_err() {
            return;
        }
    }
    let _ = pipe.shutdown().await;
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn handshake(changes: &[(&'static str, &'static str)]) -> Result<String, HandshakeError> {
        let mut request = TestRequest::get()
            .insert_header(("upgrade", "websocket"))
            .insert_header(("connection", "keep-alive, Upgrade"))
            .insert_header(("sec-websocket-version", "13"))
            .insert_header(("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="));
        for change in changes {
            request = request.insert_header(*change);
        }
        accept_key(request.to_http_request().headers())
    }

    #[test]
    fn the_example_of_the_standard_is_answered_as_it_says() {
        // RFC 6455, section 1.3.
        assert_eq!(
            handshake(&[]).as_deref(),
            Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        use HandshakeError::{Key, NotAWebsocket, Version};
        assert_eq!(handshake(&[("upgrade", "tcp")]), Err(NotAWebsocket));
        assert_eq!(handshake(&[("connection", "close")]), Err(NotAWebsocket));
        assert_eq!(handshake(&[("sec-websocket-version", "8")]), Err(Version));
        assert_eq!(handshake(&[("sec-websocket-key", "short")]), Err(Key));
    }
}
