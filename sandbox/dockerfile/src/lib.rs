//! Dockerfile text to build plan, and `.dockerignore`.
//!
//! - [`dockerignore`]: which paths stay out of the build context.
//!
//! Deliberately absent: I/O. What a plan's steps do to an image is the engine's business.

pub mod dockerignore;

pub use dockerignore::{DockerIgnore, IgnoreError};
