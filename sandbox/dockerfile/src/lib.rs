//! Dockerfile text to build plan, and `.dockerignore`.
//!
//! ```text
//! text ── lines ──▶ parse (words, duration) ──▶ plan: stages of steps
//!                                                └─▶ resolve (expand, build_args) ──▶ note: the history's words
//! ```
//!
//! - [`Dockerfile`]: a whole file, parsed.
//! - [`Instruction`]: one typed instruction; [`Instruction::resolve`] replaces its variables.
//! - [`BuildArgs`]: which `ARG`s an instruction sees.
//! - [`dockerignore`]: which paths stay out of the build context. [`Wildcard`]: which ones COPY means.
//!
//! Deliberately absent: I/O. What a step does to an image is the engine's business.

mod build_args;
pub mod dockerignore;
mod duration;
mod error;
pub mod expand;
mod instruction;
mod lines;
mod note;
mod parse;
mod plan;
mod resolve;
mod wildcard;
mod words;

pub use build_args::BuildArgs;
pub use dockerignore::{DockerIgnore, IgnoreError};
pub use error::{ParseError, Problem};
pub use expand::ExpandError;
pub use instruction::{Command, Copy, Healthcheck, Instruction};
pub use note::quoted;
pub use plan::{Dockerfile, MAX_BYTES, Stage, Step, parse_trigger};
pub use wildcard::{Wildcard, clean_path};
