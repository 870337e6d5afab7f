//! Contexts as Docker's client keeps them: `contexts/meta/SHA256-OF-NAME/meta.json` beside `config.json`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::error::os_words;

/// The context that is always there, and never in a file.
pub const DEFAULT: &str = "default";

/// The largest file that is read.
const MAX_FILE: u64 = 1 << 20;
/// More than anybody makes.
const MAX_CONTEXTS: usize = 1000;

/// Where contexts are kept.
#[derive(Debug, Clone)]
pub struct ContextStore {
    root: PathBuf,
}

/// One context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// What its owner says of it.
    pub description: Option<String>,
    /// The engine's address.
    pub host: String,
    /// TLS certificates are not looked at.
    pub skip_tls_verify: bool,
}

/// `meta.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    name: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Metadata {
    description: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoints {
    docker: Endpoint,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoint {
    #[serde(rename = "Host")]
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

impl Context {
    /// Its metadata as JSON, the fields in Docker's order.
    #[must_use]
    pub fn metadata(&self) -> String {
        let described = self.description.as_ref().filter(|text| !text.is_empty());
        let described = described.map_or_else(|| json!({}), |text| json!({"Description": text}));
        format!(
            "{{\"Name\":{},\"Metadata\":{described},\"Endpoints\":{{\"docker\":{{\"Host\":{},\"SkipTLSVerify\":{}}}}}}}",
            json!(self.name),
            json!(self.host),
            self.skip_tls_verify
        )
    }
}

impl ContextStore {
    /// The contexts beside the settings in `directory`.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self {
            root: directory.join("contexts"),
        }
    }

    /// Where a context's metadata is.
    #[must_use]
    pub fn metadata_path(&self, name: &str) -> PathBuf {
        self.root.join("meta").join(id(name))
    }

    /// Where a context's certificates would be.
    #[must_use]
    pub fn tls_path(&self, name: &str) -> PathBuf {
        self.root.join("tls").join(id(name))
    }

    /// The context of that name.
    ///
    /// # Errors
    /// Docker's words, with the file that was looked for.
    pub fn get(&self, name: &str) -> Result<Context, String> {
        let path = self.metadata_path(name).join("meta.json");
        read(&path).map_err(|error| {
            let missing = match error.kind() {
                io::ErrorKind::NotFound => "context not found: ",
                _ => "",
            };
            let why = os_words(&error);
            format!(
                "context \"{name}\": {missing}open {}: {why}",
                path.display()
            )
        })
    }

    /// Whether there is one of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.metadata_path(name).join("meta.json").exists()
    }

    /// All, by name. What cannot be read is passed over.
    #[must_use]
    pub fn list(&self) -> Vec<Context> {
        let folders = fs::read_dir(self.root.join("meta")).into_iter().flatten();
        let files = folders
            .flatten()
            .take(MAX_CONTEXTS)
            .map(|folder| folder.path().join("meta.json"));
        let mut contexts: Vec<Context> = files.filter_map(|path| read(&path).ok()).collect();
        contexts.sort_by(|one, other| one.name.cmp(&other.name));
        contexts
    }

    /// Keeps a context.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, context: &Context) -> io::Result<()> {
        let folder = self.metadata_path(&context.name);
        fs::create_dir_all(&folder)?;
        let new = folder.join(format!("meta.new-{}", std::process::id()));
        fs::write(&new, context.metadata())?;
        fs::rename(new, folder.join("meta.json"))
    }

    /// Forgets a context, if there is one of that name.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(&self, name: &str) -> io::Result<()> {
        for folder in [self.metadata_path(name), self.tls_path(name)] {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Context> {
    if fs::metadata(path)?.len() > MAX_FILE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let meta: Meta = serde_json::from_slice(&fs::read(path)?)?;
    Ok(Context {
        name: meta.name,
        description: meta.metadata.description,
        host: meta.endpoints.docker.host,
        skip_tls_verify: meta.endpoints.docker.skip_tls_verify,
    })
}

fn id(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with the name of a new context.
///
/// # Errors
/// Docker's words.
pub fn check_name(name: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_.+-".contains(c);
    let mut letters = name.chars();
    let good = letters.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && name.len() >= 2
        && letters.all(inner);
    match (name, good) {
        ("", _) => Err("context name cannot be empty".into()),
        (DEFAULT, _) => Err("\"default\" is a reserved context name".into()),
        (_, true) => Ok(()),
        (name, false) => Err(format!(
            "context name \"{name}\" is invalid, names are validated against regexp \"^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_kept_as_the_real_client_keeps_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = ContextStore::new(dir.path());
        let context = Context {
            name: "yy".into(),
            description: Some("a y".into()),
            host: "unix:///tmp/y.sock".into(),
            skip_tls_verify: false,
        };
        store.keep(&context).unwrap();
        let file = "contexts/meta/ef90d9c1ec76b1edc9edfaf2c0c05359c10ccc49ae8ecf7b7fd25ce9c02e86a4/meta.json";
        assert_eq!(
            fs::read_to_string(dir.path().join(file)).unwrap(),
            r#"{"Name":"yy","Metadata":{"Description":"a y"},"Endpoints":{"docker":{"Host":"unix:///tmp/y.sock","SkipTLSVerify":false}}}"#
        );
        assert_eq!(store.get("yy"), Ok(context.clone()));
        assert_eq!(store.list(), [context]);
        store.forget("yy").unwrap();
        assert!(!store.has("yy") && store.forget("yy").is_ok());
        assert!(
            store
                .get("yy")
                .unwrap_err()
                .contains("context not found: open ")
        );
    }

    #[test]
    fn names_are_those_that_docker_takes() {
        assert!(
            ["yy", "a.b+c-d_1"]
                .into_iter()
                .all(|name| check_name(name).is_ok())
        );
        assert!(
            ["y", "a/b", "-a", "default", "", "..", "a b"]
                .into_iter()
                .all(|name| check_name(name).is_err())
        );
    }
}
