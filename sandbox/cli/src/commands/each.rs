//! The same request for each of several containers, all at once.

use std::future::Future;

use crate::{command::Exit, error::CliError, tty};

/// Does `work` for each name; prints the names of those that worked, in order, then what went wrong.
///
/// # Errors
/// When our own output fails.
pub async fn each<F, W>(names: Vec<String>, work: W) -> Result<Exit, CliError>
where
    F: Future<Output = Result<(), CliError>> + Send + 'static,
    W: Fn(String) -> F,
{
    let tasks: Vec<_> = names
        .into_iter()
        .map(|name| (name.clone(), tokio::spawn(work(name))))
        .collect();
    let mut failures = Vec::new();
    for (name, task) in tasks {
        match task.await {
            Ok(Ok(())) => tty::print(&format!("{name}\n"))?,
            Ok(Err(error)) => failures.extend(error.words()),
            Err(panic) => failures.push(panic.to_string()),
        }
    }
    conclude(failures)
}

/// Says what went wrong, if anything did.
///
/// # Errors
/// When our own output fails.
pub fn conclude(failures: Vec<String>) -> Result<Exit, CliError> {
    if failures.is_empty() {
        return Ok(0);
    }
    tty::complain(&failures.join("\n"))?;
    Ok(1)
}
