//! Dockerfile text to build plan, and `.dockerignore`.
//!
//! ```text
//! text ── directive, lines (heredoc) ──▶ parse (words, flags, mount) ──▶ plan: stages of steps
//!                                                            └─▶ resolve (expand, build_args) ──▶ note: the history's words
//! ```
//!
//! - [`Dockerfile`]: a whole file, parsed as BuildKit or as the classic builder does ([`Dialect`]).
//! - [`Instruction`]: one typed instruction; [`Instruction::resolve`] replaces its variables.
//! - [`BuildArgs`]: which `ARG`s an instruction sees.
//! - [`check`]: the build checks.
//! - [`dockerignore`]: which paths stay out of the build context. [`Wildcard`]: which ones COPY means.
//!
//! Deliberately absent: I/O. What a step does to an image is the engine's business.

mod build_args;
pub mod check;
mod copy;
mod dialect;
mod directive;
pub mod dockerignore;
mod duration;
mod error;
pub mod expand;
mod flags;
mod globals;
mod heredoc;
mod hint;
mod instruction;
mod lines;
mod mount;
mod note;
mod parse;
mod plan;
mod resolve;
mod run;
mod wildcard;
mod words;

pub use build_args::BuildArgs;
pub use copy::Copy;
pub use dialect::Dialect;
pub use directive::{CheckDirective, Rules, is_built_in, syntax};
pub use dockerignore::{DockerIgnore, IgnoreError};
pub use error::{ParseError, Problem};
pub use expand::{ExpandError, Names};
pub use globals::{GivenArgs, GlobalError};
pub use heredoc::Heredoc;
pub use hint::suggestion;
pub use instruction::{Command, Healthcheck, Instruction};
pub use lines::Lines;
pub use mount::{Mount, MountError, MountKind, Sharing};
pub use note::{healthcheck_note, quoted};
pub use plan::{Dockerfile, MAX_BYTES, Stage, Step, parse_trigger};
pub use resolve::ResolveError;
pub use run::{Invocation, Run, RunNetwork, RunSecurity, Script};
pub use wildcard::{Wildcard, clean_path};
