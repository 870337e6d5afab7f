//! The Docker Engine API as it is on the socket, and a small client for it.
//!
//! - [`models`]: the JSON types, generated from Docker's own description.
//! - [`error`]: `{"message": …}`, the body of every refusal.
//! - [`stdcopy`]: the 8-byte framing of stdout and stderr on one stream.
//! - [`terminal`]: the framing of a workstation terminal on the control socket.
//! - [`pieces`]: a body's bytes, for a thread that blocks.
//! - [`build`]: what our own builder is asked for and says.
//! - [`client`]: requests and hijacked streams over a Unix socket.
//!
//! Deliberately absent: what any request means. The engine gives them meaning; this room only spells them.

pub mod build;
pub mod client;
pub mod errand;
pub mod error;
pub mod models;
pub mod pieces;
pub mod stdcopy;
pub mod terminal;

/// The newest API version that is spoken here.
pub const API_VERSION: &str = "1.50";

/// The oldest API version that is still answered.
pub const MIN_API_VERSION: &str = "1.24";

/// The version of Drydock, shown as the version of its engine and its `docker` command.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
