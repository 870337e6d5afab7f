//! The same request for each of several containers, all at once.

use std::future::Future;

use http::Method;

use crate::{
    command::Exit,
    docker::{Docker, container_segment},
    error::CliError,
    tty,
};

/// `POST /containers/NAME/VERB?QUERY` for each name, all at once.
///
/// # Errors
/// As [`each`].
pub async fn post_each(
    docker: &Docker,
    names: Vec<String>,
    verb: &'static str,
    query: &str,
) -> Result<Exit, CliError> {
    let mark = if query.is_empty() { "" } else { "?" };
    each(names, |name| {
        let path = format!(
            "/containers/{}/{verb}{mark}{query}",
            container_segment(&name)
        );
        let docker = docker.clone();
        async move { docker.call(Method::POST, &path).await }
    })
    .await
}

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
