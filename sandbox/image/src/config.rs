//! An image's config, with Docker's fields. What is not named here is kept in `extra`.
//!
//! Fields stand in the order in which Docker writes them. An image's id is the digest of the config's bytes, so the
//! store keeps the bytes; these types are for reading them and for making new ones.

use std::collections::BTreeMap;

use drydock_spec::Digest;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The config of an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// `amd64`, `arm64`…
    #[serde(default)]
    pub architecture: String,
    /// Who made it, by `MAINTAINER` or `--author`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What a container made from it runs, and how.
    #[serde(default)]
    pub config: Option<RunConfig>,
    /// When it was made, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The version of the engine that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docker_version: Option<String>,
    /// One line per build step.
    #[serde(default, deserialize_with = "null_is_default")]
    pub history: Vec<History>,
    /// `linux`.
    #[serde(default)]
    pub os: String,
    /// Its layers.
    #[serde(default)]
    pub rootfs: RootFs,
    /// The architecture's variant, `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Fields that are not listed above.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The layers of an image, lowest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootFs {
    /// `layers`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The digests of the layers' uncompressed tar streams, lowest first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub diff_ids: Vec<Digest>,
}

impl Default for RootFs {
    fn default() -> Self {
        Self {
            kind: "layers".into(),
            diff_ids: Vec::new(),
        }
    }
}

/// One step of an image's making.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// When, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// By what instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The step made no layer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
    /// Fields that are not listed above.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An empty JSON object: the value of Go's `map[string]struct{}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// What a container runs, and how: the `config` of an image's config. Docker calls the type `container.Config`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "Docker's own names")]
pub struct RunConfig {
    pub hostname: String,
    pub domainname: String,
    pub user: String,
    pub attach_stdin: bool,
    pub attach_stdout: bool,
    pub attach_stderr: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposed_ports: Option<BTreeMap<String, Empty>>,
    pub tty: bool,
    pub open_stdin: bool,
    pub stdin_once: bool,
    pub env: Option<Vec<String>>,
    #[serde(deserialize_with = "words")]
    pub cmd: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub args_escaped: bool,
    pub image: String,
    pub volumes: Option<BTreeMap<String, Empty>>,
    pub working_dir: String,
    #[serde(deserialize_with = "words")]
    pub entrypoint: Option<Vec<String>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub network_disabled: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mac_address: String,
    pub on_build: Option<Vec<String>>,
    pub labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "words")]
    pub shell: Option<Vec<String>>,
    /// Fields that are not listed above.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// `HEALTHCHECK`; times are in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "Docker's own names")]
pub struct Healthcheck {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub start_period: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub start_interval: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: i64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A list of words; Docker also reads a bare string as a list of one.
fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::<Words>::deserialize(from)? {
        None => None,
        Some(Words::One(word)) => Some(vec![word]),
        Some(Words::Many(words)) => Some(words),
    })
}

impl ImageConfig {
    /// Reads a config.
    ///
    /// # Errors
    /// When the bytes are not the JSON of a config.
    pub fn parse(raw: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(raw)
    }

    /// The bytes of a new config. Never use this on one that was read: its id is that of its own bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Maps with string keys and plain structs: serialising them cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// When the image was made, in Unix seconds; 0 when it does not say.
    #[must_use]
    pub fn created_unix(&self) -> i64 {
        self.created.as_deref().map_or(0, unix_seconds)
    }
}

/// Seconds since 1970 of an RFC 3339 time, 0 for Go's zero time and for what is not a time.
#[must_use]
pub fn unix_seconds(rfc3339: &str) -> i64 {
    rfc3339
        .parse::<jiff::Timestamp>()
        .map_or(0, |time| time.as_second().max(0))
}

/// This machine's architecture in Docker's words.
#[must_use]
pub fn host_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKER: &str = r#"{"architecture":"amd64","config":{"Hostname":"","Domainname":"","User":"",
        "AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,
        "StdinOnce":false,"Env":["PATH=/bin"],"Cmd":["sh"],"Image":"sha256:1","Volumes":null,"WorkingDir":"",
        "Entrypoint":null,"OnBuild":null,"Labels":null,"Novel":7},"container":"abc",
        "created":"2024-05-01T10:00:00.5Z","history":null,"os":"linux","rootfs":{"type":"layers","diff_ids":null}}"#;

    #[test]
    fn unknown_fields_survive_reading_and_writing() {
        let config = ImageConfig::parse(DOCKER.as_bytes()).unwrap();
        let back: Value = serde_json::from_slice(&config.to_bytes()).unwrap();
        assert_eq!(back["container"], "abc");
        assert_eq!(back["config"]["Novel"], 7);
        assert_eq!(config.created_unix(), 1_714_557_600);
    }

    #[test]
    fn a_command_may_be_a_bare_string() {
        let config = ImageConfig::parse(br#"{"config":{"Cmd":"sh"}}"#).unwrap();
        assert_eq!(config.config.unwrap().cmd, Some(vec!["sh".to_owned()]));
    }

    #[test]
    fn go_zero_time_is_zero() {
        assert_eq!(unix_seconds("0001-01-01T00:00:00Z"), 0);
        assert_eq!(unix_seconds("yesterday"), 0);
    }
}
