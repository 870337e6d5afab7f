//! The words the rooms of a sandbox share: ids, image references, container states.
//!
//! - [`id`]: `SandboxId`, `ContainerId`, `ImageId`, digests.
//! - [`reference`]: `ImageRef`, Docker's `[registry/]name[:tag][@digest]`.
//! - [`state`]: the states a container passes through.
//! - [`units`]: Docker's words for sizes and spans of time.
//!
//! Deliberately absent: I/O, and the wire formats (see `drydock-api`).

pub mod id;
pub mod reference;
pub mod state;
pub mod units;

pub use id::{ContainerId, Digest, ImageId, ParseIdError, SandboxId};
pub use reference::{ImageRef, ParseRefError};
pub use state::ContainerState;
