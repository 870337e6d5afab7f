//! The build context: what is sent to the engine, and where the Dockerfile is in it.
//!
//! - [`locate`]: the words of the command line to paths.
//! - [`pack`]: a directory as a tar stream, without what `.dockerignore` names.

pub mod locate;
pub mod pack;

pub use locate::{Source, locate};
