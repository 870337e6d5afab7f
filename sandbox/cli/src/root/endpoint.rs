//! Which engine the command speaks to: `-H`, `DOCKER_HOST`, `--context`.

use std::path::Path;

use super::Global;
use crate::{
    config::{self, Config},
    context_store::{self, ContextStore},
    docker::{DEFAULT_HOST, Docker, Place},
    error::CliError,
};

/// The engine that the global flags, the environment and the user's settings name.
///
/// # Errors
/// In the words of Docker's command line.
pub fn resolve(global: &Global) -> Result<Docker, CliError> {
    let mut place = place(global)?;
    if place.context != context_store::DEFAULT {
        let context = ContextStore::new(&place.directory).get(&place.context);
        place.host = context.map_err(|why| unresolved(&why))?.host;
    }
    if global.uses_tls() {
        return Err(unresolved(&no_tls(global, &place.directory)));
    }
    Docker::new(place)
}

/// The same, for commands that only look at contexts: those must go on where one is broken.
///
/// # Errors
/// When the flags contradict each other.
pub fn unasked(global: &Global) -> Result<Docker, CliError> {
    place(global).map(Docker::unasked)
}

/// What is named; the host is that of the default context.
fn place(global: &Global) -> Result<Place, CliError> {
    check(global)?;
    let directory = config::directory(global.config.as_deref());
    let config = Config::read(&directory);
    let host = match global.host.as_slice() {
        [] => std::env::var("DOCKER_HOST").unwrap_or_default(),
        [host] => host.trim().to_owned(),
        _ => {
            return Err(unresolved("Specify only one -H"));
        }
    };
    let named = global
        .context
        .clone()
        .or_else(|| {
            let env = std::env::var("DOCKER_CONTEXT").ok();
            env.filter(|name| host.is_empty() && !name.is_empty())
        })
        .or_else(|| host.is_empty().then(|| config.current_context.clone()))
        .filter(|name| !name.is_empty());
    Ok(Place {
        host: if host.is_empty() {
            DEFAULT_HOST.into()
        } else {
            host
        },
        context: named.unwrap_or_else(|| context_store::DEFAULT.into()),
        config,
        directory,
        debug: global.debug,
    })
}

fn check(global: &Global) -> Result<(), CliError> {
    if let Some(level) = &global.log_level
        && !matches!(
            level.to_ascii_lowercase().as_str(),
            "trace" | "debug" | "info" | "warn" | "warning" | "error" | "fatal" | "panic"
        )
    {
        return Err(CliError::failed(format!(
            "Unable to parse logging level: {level}"
        )));
    }
    if global.context.is_some() && !global.host.is_empty() {
        return Err(CliError::failed(
            "conflicting options: cannot specify both --host and --context",
        ));
    }
    Ok(())
}

fn unresolved(why: &str) -> CliError {
    CliError::failed(format!(
        "Failed to initialize: unable to resolve docker endpoint: {why}"
    ))
}

/// TLS needs files that are not there; where they are, the engine has no use for them.
fn no_tls(global: &Global, directory: &Path) -> String {
    let authority = match &global.tlscacert {
        Some(path) => path.into(),
        None => directory.join("ca.pem"),
    };
    if authority.exists() {
        "the engine of a sandbox is reached by a Unix socket, which needs no TLS".into()
    } else {
        format!("open {}: no such file or directory", authority.display())
    }
}
