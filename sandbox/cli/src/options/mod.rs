//! What `docker run` and `docker create` are told about a container, and the JSON that tells the engine.
//!
//! - [`flags`]: the flags.
//! - [`request`]: flags to JSON.
//! - [`mount`], [`volume`], [`ports`], [`env`], [`limits`]: the small languages inside some flags.

pub mod env;
pub mod flags;
pub mod limits;
pub mod mount;
pub mod ports;
pub mod request;
pub mod volume;

pub use flags::ContainerFlags;
