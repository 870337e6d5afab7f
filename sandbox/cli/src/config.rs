//! The user's own settings: `config.json` in `~/.docker`, or in the directory that `--config` or `DOCKER_CONFIG` names.
//!
//! Proxies in it are ignored: a sandbox has none to use.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{error::os_words, tty};

/// The largest file that is read.
const MAX_FILE: u64 = 1024 * 1024;

/// What the command heeds of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Config {
    /// `--format` of `docker ps` when none is given.
    pub ps_format: String,
    /// The same of `docker images`.
    pub images_format: String,
    /// The same of `docker volume ls`.
    pub volumes_format: String,
    /// The same of `docker network ls`.
    pub networks_format: String,
    /// The same of `docker stats`.
    pub stats_format: String,
    /// `--detach-keys` when none are given.
    pub detach_keys: String,
    /// The context in use.
    pub current_context: String,
    /// Filters of every `prune`.
    pub prune_filters: Vec<String>,
}

impl Config {
    /// Reads the file in `directory`. Without one nothing is set; one that cannot be read is complained of.
    #[must_use]
    pub fn read(directory: &Path) -> Self {
        let path = directory.join("config.json");
        let Ok(known) = fs::metadata(&path) else {
            return Self::default();
        };
        let text = if known.len() > MAX_FILE {
            Err("it is larger than 1 MiB".to_owned())
        } else {
            fs::read_to_string(&path).map_err(|error| os_words(&error))
        };
        let read = text.and_then(|text| {
            serde_json::from_str(if text.trim().is_empty() { "{}" } else { &text })
                .map_err(|error| error.to_string())
        });
        read.unwrap_or_else(|why| {
            // A closed stderr is no reason not to go on.
            let _ = tty::complain(&format!(
                "WARNING: Error loading config file: {}: {why}",
                path.display()
            ));
            Self::default()
        })
    }
}

/// The directory of the file.
#[must_use]
pub fn directory(flag: Option<&str>) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match (flag, set("DOCKER_CONFIG")) {
        (Some(flag), _) if !flag.is_empty() => flag.into(),
        (_, Some(directory)) => directory.into(),
        _ => PathBuf::from(set("HOME").unwrap_or_else(|| "/root".into())).join(".docker"),
    }
}

/// A format flag, or else the user's own format.
#[must_use]
pub fn format_or<'a>(flag: &'a str, own: &'a str) -> &'a str {
    if flag.is_empty() { own } else { flag }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_passed_over_and_a_broken_file_sets_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Config::read(dir.path()), Config::default());
        let file = dir.path().join("config.json");
        fs::write(&file, r#"{"psFormat":"{{.ID}}","proxies":{"default":{}}}"#).unwrap();
        assert_eq!(Config::read(dir.path()).ps_format, "{{.ID}}");
        fs::write(&file, "{").unwrap();
        assert_eq!(Config::read(dir.path()), Config::default());
    }
}
