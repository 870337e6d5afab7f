//! Which engine the command speaks to: `-H`, `DOCKER_HOST`, `--context`.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::Global;
use crate::{
    config::{self, Config},
    docker::{DEFAULT_HOST, Docker},
    error::CliError,
};

/// The only context of a sandbox.
pub const DEFAULT_CONTEXT: &str = "default";

/// The engine that the global flags, the environment and the user's settings name.
///
/// # Errors
/// In the words of Docker's command line.
pub fn resolve(global: &Global) -> Result<Docker, CliError> {
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
            env.filter(|_| host.is_empty())
        })
        .or_else(|| host.is_empty().then(|| config.current_context.clone()))
        .filter(|name| !name.is_empty());
    if let Some(name) = named.filter(|name| name != DEFAULT_CONTEXT) {
        return Err(unresolved(&missing_context(&name, &directory)));
    }
    if global.uses_tls() {
        return Err(unresolved(&no_tls(global, &directory)));
    }
    let host = if host.is_empty() { DEFAULT_HOST } else { &host };
    Docker::new(host, config, directory, global.debug)
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

/// What is said of a context that is not there, with the file that was looked for.
#[must_use]
pub fn missing_context(name: &str, directory: &Path) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "context \"{name}\": context not found: open {}/contexts/meta/{hex}/meta.json: no such file or directory",
        directory.display()
    )
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
