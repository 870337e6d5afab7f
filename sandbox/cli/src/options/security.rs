//! `--security-opt`.

use std::fs;

use serde_json::{Value, json};

use super::ContainerFlags;
use crate::{error::os_words, text::json};

/// The largest seccomp profile that is read.
const MAX_PROFILE: u64 = 1024 * 1024;

/// What the options amount to.
pub struct Security {
    /// `SecurityOpt`.
    pub options: Value,
    /// `MaskedPaths` and `ReadonlyPaths`: an empty list means that nothing is hidden, `null` the engine's default.
    pub masked_paths: Value,
}

impl ContainerFlags {
    /// Reads the options, and the seccomp profiles that they name.
    ///
    /// # Errors
    /// Docker's words.
    pub(super) fn security(&self) -> Result<Security, String> {
        let mut options = Vec::new();
        let mut masked_paths = Value::Null;
        for option in &self.security_opt {
            if option == "systempaths=unconfined" {
                masked_paths = json!([]);
                continue;
            }
            let pair = option.split_once('=').or_else(|| option.split_once(':'));
            options.push(match pair {
                None if option != "no-new-privileges" => {
                    return Err(format!("Invalid --security-opt: \"{option}\""));
                }
                Some(("seccomp", file)) if !matches!(file, "unconfined" | "builtin") => {
                    format!("seccomp={}", profile(file)?)
                }
                _ => option.clone(),
            });
        }
        let options = match (self.security_opt.is_empty(), masked_paths.is_null()) {
            (true, true) => Value::Null,
            _ => json!(options),
        };
        Ok(Security {
            options,
            masked_paths,
        })
    }
}

/// The profile's text without white space.
fn profile(file: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| {
        format!(
            "opening seccomp profile ({file}) failed: open {file}: {}",
            os_words(&error)
        )
    };
    if fs::metadata(file).map_err(failed)?.len() > MAX_PROFILE {
        return Err(format!(
            "opening seccomp profile ({file}) failed: it is larger than 1 MiB"
        ));
    }
    let text = fs::read_to_string(file).map_err(failed)?;
    json::compact(&text)
        .map_err(|why| format!("compacting json for seccomp profile ({file}) failed: {why}"))
}
