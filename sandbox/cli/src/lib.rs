//! The `docker` command: what a learner types, as requests to the engine's socket.
//!
//! ```text
//! argv ── root (global flags, which command) ── flags (pflag's rules) ── commands/* ── docker (the socket)
//!                                                                           ├─ options: what `run` is told, as JSON
//!                                                                           ├─ stream, tty: attached terminals
//!                                                                           └─ text: tables, sizes, times, templates
//! ```
//!
//! - [`main`]: the whole program; the one binary runs it when it is called `docker`.
//! - [`format`](fn@format), [`filter`]: what a user's templates and filters mean; pure.
//! - `build` is `docker build` on a sandbox's own builder.
//! - `context` is what the classic build is sent; `context_store` keeps what `docker context` calls so, engines by name.
//! - [`BASH_COMPLETION`]: completion for the workstation's bash.
//!
//! Deliberately absent: containers. This room knows nothing but the socket, and works with any Docker engine.

mod build;
mod command;
mod commands;
mod complete;
mod config;
mod config_file;
mod context;
mod context_store;
mod copy;
mod docker;
mod error;
mod flags;
mod options;
mod progress;
mod root;
mod stream;
mod text;
mod tty;
mod upload;

use std::ffi::OsString;

use error::CliError;
use root::Plan;

/// Completion of sub-commands, names and images, to be sourced by bash. It asks `docker __complete`.
pub const BASH_COMPLETION: &str = include_str!("../completion/docker.bash");

/// Runs `docker` with these arguments, the first being its own name, and gives its exit code.
#[must_use]
pub fn main(args: Vec<OsString>) -> i32 {
    let outcome = root::plan(args).and_then(|plan| match plan {
        Plan::Say(text, code) => tty::print(&text).map(|()| code),
        Plan::Hint(text) => tty::complain(text.trim_end()).map(|()| 0),
        Plan::Work(parsed, docker) => block_on(parsed.run(docker)),
        Plan::Complete(words, docker) => block_on(complete::run(words, docker)),
    });
    outcome.unwrap_or_else(|error| {
        if let Some(words) = error.words() {
            // Nobody is left to tell when stderr is closed too.
            let _ = tty::complain(&words);
        }
        error.exit_code()
    })
}

/// Fills in a `--format` template for a JSON document, as `docker inspect` does.
///
/// # Errors
/// Go's words, or serde's for what is no JSON.
pub fn format(template: &str, document: &str) -> Result<String, String> {
    let format = text::template::Format::parse(template, text::template::Dialect::default())?;
    let document = text::template::Document::parse(document).map_err(|error| error.to_string())?;
    format.render(&document)
}

/// Reads a `--filter`: a name in lower case, and a value.
///
/// # Errors
/// Docker's words.
pub fn filter(text: &str) -> Result<(String, String), String> {
    flags::values::filter(text)
}

fn block_on(work: impl Future<Output = Result<i32, CliError>>) -> Result<i32, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| CliError::io("could not start", source))?;
    let outcome = runtime.block_on(work);
    // A thread may still wait for a key press that no longer matters.
    runtime.shutdown_background();
    outcome
}
