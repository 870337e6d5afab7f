//! What `docker run` and `docker create` are told about a container, and the JSON that tells the engine.
//!
//! - [`flags`]: the flags.
//! - [`request`], [`host_config`], [`networks`]: flags to JSON.
//! - [`blkio`], [`devices`], [`env`], [`gpus`], [`health`], [`hosts`], [`limits`], [`mount`], [`platform`], [`ports`],
//!   [`security`], [`streams`], [`volume`]: the small languages inside some flags.

mod blkio;
mod devices;
pub mod env;
mod flags;
mod gpus;
mod health;
mod host_config;
pub mod hosts;
pub mod limits;
mod mount;
mod networks;
pub mod platform;
mod ports;
mod request;
mod security;
pub mod streams;
pub mod volume;

pub use flags::ContainerFlags;
pub use hosts::link;
pub use request::pairs;
