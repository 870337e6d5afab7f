//! The parts of the engine's answers that checks read. Whatever is missing or `null` is empty.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Reads `null` as the default, as Docker writes empty lists.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// `GET /images/NAME/json`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Image {
    /// `sha256:…`.
    pub id: String,
    /// Every `name:tag` of it.
    #[serde(deserialize_with = "or_default")]
    pub repo_tags: Vec<String>,
    /// All layers together, in bytes.
    pub size: u64,
    /// What a container of it gets.
    #[serde(deserialize_with = "or_default")]
    pub config: Config,
    /// Its layers.
    #[serde(rename = "RootFS", deserialize_with = "or_default")]
    pub root_fs: RootFs,
}

/// An image's layers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RootFs {
    /// Diff ids, the base first.
    #[serde(deserialize_with = "or_default")]
    pub layers: Vec<String>,
}

/// The configuration of an image or a container.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Config {
    /// The user it runs as; empty for root.
    #[serde(deserialize_with = "or_default")]
    pub user: String,
    /// `KEY=VALUE`.
    #[serde(deserialize_with = "or_default")]
    pub env: Vec<String>,
    /// The default command, or the default arguments.
    #[serde(deserialize_with = "or_default")]
    pub cmd: Vec<String>,
    /// What always runs.
    #[serde(deserialize_with = "or_default")]
    pub entrypoint: Vec<String>,
    /// Where it runs.
    #[serde(deserialize_with = "or_default")]
    pub working_dir: String,
    /// `80/tcp`, as keys.
    #[serde(deserialize_with = "or_default")]
    pub exposed_ports: BTreeMap<String, serde_json::Value>,
    /// Free text by name.
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    /// Whether it has a terminal.
    pub tty: bool,
    /// Whether its stdin is kept open.
    pub open_stdin: bool,
    /// The image as the learner named it; of a container only.
    #[serde(deserialize_with = "or_default")]
    pub image: String,
}

/// `GET /containers/NAME/json`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Container {
    /// 64 hex digits.
    pub id: String,
    /// With a leading slash.
    pub name: String,
    /// The id of its image.
    pub image: String,
    /// What runs in it.
    pub path: String,
    /// The arguments of that.
    #[serde(deserialize_with = "or_default")]
    pub args: Vec<String>,
    /// Whether and since when it runs.
    #[serde(deserialize_with = "or_default")]
    pub state: State,
    /// Its configuration.
    #[serde(deserialize_with = "or_default")]
    pub config: Config,
    /// How it is tied to its host.
    #[serde(deserialize_with = "or_default")]
    pub host_config: HostConfig,
}

/// A container's state.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct State {
    /// `created`, `running`, `exited`, …
    pub status: String,
    /// Of its last run.
    pub exit_code: i64,
}

/// How a container is tied to its host.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HostConfig {
    /// `--rm`.
    pub auto_remove: bool,
}

/// One of `GET /containers/json`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerSummary {
    /// 64 hex digits.
    pub id: String,
    /// Each with a leading slash.
    #[serde(deserialize_with = "or_default")]
    pub names: Vec<String>,
    /// The id of its image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// `created`, `running`, `exited`, …
    pub state: String,
    /// Free text by name.
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
}

impl ContainerSummary {
    /// The name as people write it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names
            .first()
            .map_or(self.id.as_str(), |name| name.trim_start_matches('/'))
    }
}

/// One of `GET /images/NAME/history`; the newest comes first.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HistoryEntry {
    /// The step, as the builder recorded it.
    pub created_by: String,
    /// What it added, in bytes.
    pub size: u64,
}

/// Answer to `POST /containers/create`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Created {
    /// The new container or exec.
    pub id: String,
}

/// Answer to `POST /containers/NAME/wait`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Waited {
    /// The exit code.
    pub status_code: i64,
}

/// `GET /exec/ID/json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExecState {
    /// The exit code; `None` while it runs.
    pub exit_code: Option<i64>,
}

/// One line of a build's answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BuildMessage {
    /// What `docker build` prints.
    pub stream: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}
