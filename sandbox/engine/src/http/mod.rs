//! Bodies in, streams out, raw connections.
//!
//! - [`body`]: JSON bodies, bounded, refused in Docker's words.
//! - [`version`]: `/v1.41/…` and the headers of every answer.
//! - [`hijack`]: a connection that becomes a raw stream.
//! - [`websocket`]: the same, in messages.
//! - [`stream`]: answers that grow: JSON lines, raw bytes.
//! - [`carry`]: archives, to and from threads that block.
//! - [`query`]: Docker's booleans and numbers.

pub(crate) mod body;
pub(crate) mod carry;
pub(crate) mod hijack;
pub(crate) mod query;
pub(crate) mod stream;
pub(crate) mod version;
pub(crate) mod websocket;
