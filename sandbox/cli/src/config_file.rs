//! `~/.docker/config.json` as commands change it: what `docker login` keeps, the context in use. The rest of it stays.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use drydock_spec::ImageRef;
use serde_json::{Map, Value, json};

use crate::error::CliError;

/// Larger than any that was written by a client.
const MAX: u64 = 1 << 20;

/// The name under which passwords for Docker Hub are kept.
pub const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The file, with all that it holds.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    content: Map<String, Value>,
}

/// A name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl ConfigFile {
    /// Reads the file in `folder`; no file is an empty one.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn load(folder: &Path) -> Result<Self, CliError> {
        let path = folder.join("config.json");
        let failed = |why: &dyn std::fmt::Display| {
            CliError::failed(format!(
                "error loading config file: {}: {why}",
                path.display()
            ))
        };
        let content = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(failed(&error)),
            Ok(meta) if meta.len() > MAX => return Err(failed(&"it is larger than 1 MiB")),
            Ok(_) => {
                let text = fs::read(&path).map_err(|error| failed(&error))?;
                serde_json::from_slice(&text).map_err(|error| failed(&error))?
            }
        };
        Ok(Self { path, content })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The login that is kept for a registry.
    #[must_use]
    pub fn login(&self, server: &str) -> Option<Login> {
        let auth = self.content.get("auths")?.get(server)?.get("auth")?;
        let pair = STANDARD.decode(auth.as_str()?).ok()?;
        let pair = String::from_utf8(pair).ok()?;
        let (username, password) = pair.split_once(':')?;
        Some(Login {
            username: username.into(),
            password: password.into(),
        })
    }

    /// Keeps a login. Whether it is another than before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&mut self, server: &str, login: &Login) -> Result<bool, CliError> {
        if self.login(server).as_ref() == Some(login) {
            return Ok(false);
        }
        let auth = STANDARD.encode(format!("{}:{}", login.username, login.password));
        let auths = self.content.entry("auths").or_insert_with(|| json!({}));
        if let Some(auths) = auths.as_object_mut() {
            auths.insert(server.into(), json!({"auth": auth}));
        }
        self.save().map(|()| true)
    }

    /// Keeps which context is in use; none is the default one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn use_context(&mut self, name: Option<&str>) -> Result<(), CliError> {
        match name {
            Some(name) => drop(self.content.insert("currentContext".into(), json!(name))),
            None if self.content.remove("currentContext").is_none() => return Ok(()),
            None => {}
        }
        self.save()
    }

    /// Forgets the login for a registry.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(&mut self, server: &str) -> Result<(), CliError> {
        let auths = self.content.get_mut("auths").and_then(Value::as_object_mut);
        match auths.and_then(|auths| auths.remove(server)) {
            Some(_) => self.save(),
            None => Ok(()),
        }
    }

    /// Whole or not at all, and for its owner only.
    fn save(&self) -> Result<(), CliError> {
        let failed = |source| {
            let action = format!("Error saving credentials: {}", self.path.display());
            CliError::io(action, source)
        };
        let mut json = Vec::new();
        let format = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut serializer = serde_json::Serializer::with_formatter(&mut json, format);
        serde::Serialize::serialize(&self.content, &mut serializer)
            .map_err(|error| failed(error.into()))?;
        let write = || -> io::Result<()> {
            if let Some(folder) = self.path.parent() {
                fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(folder)?;
            }
            let new = self
                .path
                .with_extension(format!("new-{}", std::process::id()));
            let mut options = fs::OpenOptions::new();
            let mut file = options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(&json)?;
            fs::rename(&new, &self.path)
        };
        write().map_err(failed)
    }

    /// `X-Registry-Auth` for the registry of an image: always something, as the real client sends it.
    #[must_use]
    pub fn header(&self, name: &ImageRef) -> String {
        let server = server_of(name);
        let json = match self.login(&server) {
            Some(login) => json!({
                "username": login.username,
                "password": login.password,
                "serveraddress": server,
            }),
            None => json!({}),
        };
        URL_SAFE.encode(json.to_string())
    }
}

/// The name under which the password for an image's registry is kept.
fn server_of(name: &ImageRef) -> String {
    match name.repository().split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host.into(),
        _ => DOCKER_HUB.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn ada() -> Login {
        Login {
            username: "ada".into(),
            password: "a:b".into(),
        }
    }

    #[test]
    fn a_login_is_kept_as_the_real_client_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, r#"{"currentContext":"x"}"#).unwrap();
        let mut file = ConfigFile::load(folder.path()).unwrap();
        assert!(file.keep("localhost:5000", &ada()).unwrap());
        assert!(!file.keep("localhost:5000", &ada()).unwrap());
        let text = fs::read_to_string(&path).unwrap();
        let auths = "\t\"auths\": {\n\t\t\"localhost:5000\": {\n\t\t\t\"auth\": \"YWRhOmE6Yg==\"\n\t\t}\n\t}";
        assert!(
            text.contains(auths) && text.contains("currentContext"),
            "{text}"
        );
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );

        let mut file = ConfigFile::load(folder.path()).unwrap();
        assert!(file.login("localhost:5000") == Some(ada()));
        file.forget("localhost:5000").unwrap();
        assert!(file.login("localhost:5000").is_none());
    }

    #[test]
    fn every_push_says_who_it_is_even_when_it_is_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let file = ConfigFile::load(folder.path()).unwrap();
        assert_eq!(file.header(&"localhost:5000/app".parse().unwrap()), "e30=");
        assert_eq!(server_of(&"me/app".parse().unwrap()), DOCKER_HUB);
        assert_eq!(server_of(&"r.example/app".parse().unwrap()), "r.example");
    }
}
