//! Names and passwords, as Docker's configuration file has them. Pure but for reading that file.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

/// Larger than any that was written by a person.
const MAX_FILE: u64 = 1 << 20;

/// A name and its password; shown by no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl Login {
    /// The value of an `Authorization` header.
    pub(super) fn header(&self) -> String {
        let pair = format!("{}:{}", self.username, self.password);
        format!("Basic {}", STANDARD.encode(pair))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    auths: BTreeMap<String, Auth>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: String,
    username: String,
    password: String,
}

/// What the Docker configuration file at `path` has for a registry, by [`super::Endpoint::key`]. No file is no login;
/// credential helpers are not asked.
///
/// # Errors
/// When there is a file that cannot be read or is no such JSON.
pub fn from_docker_config(path: &Path, key: &str) -> Result<Option<Login>, String> {
    let said = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(said(&error)),
        Ok(meta) if meta.len() > MAX_FILE => return Err(said(&"larger than 1 MiB")),
        Ok(_) => {}
    }
    let text = fs::read(path).map_err(|error| said(&error))?;
    let config: Config = serde_json::from_slice(&text).map_err(|error| said(&error))?;
    Ok(config.auths.get(key).and_then(login))
}

fn login(auth: &Auth) -> Option<Login> {
    if !auth.username.is_empty() {
        return Some(Login {
            username: auth.username.clone(),
            password: auth.password.clone(),
        });
    }
    let pair = STANDARD.decode(&auth.auth).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (username, password) = pair.split_once(':')?;
    Some(Login {
        username: username.into(),
        password: password.trim_end_matches('\0').into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_read_where_docker_writes_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        assert_eq!(from_docker_config(&path, "localhost:5000"), Ok(None));
        fs::write(&path, r#"{"auths":{"localhost:5000":{"auth":"YTpiOmM="}}}"#).unwrap();
        let login = from_docker_config(&path, "localhost:5000")
            .unwrap()
            .unwrap();
        assert_eq!(
            (login.username.as_str(), login.password.as_str()),
            ("a", "b:c")
        );
        assert_eq!(login.header(), "Basic YTpiOmM=");
        assert_eq!(from_docker_config(&path, "other"), Ok(None));
        fs::write(&path, "rubbish").unwrap();
        assert!(from_docker_config(&path, "other").is_err());
    }
}
