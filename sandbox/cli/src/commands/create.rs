//! `docker create`, and the making of a container for `docker run`.

use std::{fs, io::Write, path::Path};

use clap::Args;
use drydock_api::client::{ClientError, percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{pull, reference};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::{CliError, os_words},
    options::{ContainerFlags, platform},
    tty::{self, Output},
};

/// `docker create`.
#[derive(Debug, Args)]
pub struct Create {
    #[command(flatten)]
    container: ContainerFlags,
}

impl Command for Create {
    const WORDS: Words = Words {
        spellings: &["create", "container create"],
        about: "Create a new container",
        usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        arity: Arity::AtLeast(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.container.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let (policy, body) = prepare(&self.container, false)?;
        let id = make(&docker, &self.container, policy, body).await?;
        tty::print(&format!("{id}\n"))?;
        Ok(0)
    }
}

/// When the image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// Always.
    Always,
    /// When it is not there.
    Missing,
    /// Never.
    Never,
}

/// What the flags ask for: when to pull, and the body of the request.
///
/// # Errors
/// With code 125 and a hint at the help text.
pub fn prepare(flags: &ContainerFlags, detach: bool) -> Result<(Pull, Value), CliError> {
    let policy = match flags.pull.as_deref() {
        Some("always") => Pull::Always,
        None | Some("" | "missing") => Pull::Missing,
        Some("never") => Pull::Never,
        Some(other) => {
            return Err(CliError::run(
                format!(
                    "invalid pull option: '{other}': must be one of \"always\", \"missing\" or \"never\""
                ),
                125,
            ));
        }
    };
    let body = flags
        .request(detach)
        .map_err(|message| CliError::run(message, 125))?;
    Ok((policy, body))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

/// Makes the container, pulling its image as `policy` says, and gives its id.
///
/// # Errors
/// When a file is in the way, the image cannot be had, or the engine refuses.
pub async fn make(
    docker: &Docker,
    flags: &ContainerFlags,
    policy: Pull,
    mut body: Value,
) -> Result<String, CliError> {
    if !flags.disable_content_trust {
        return Err(CliError::failed(
            "content trust cannot be used here: a sandbox reaches no notary that knows who signed an image",
        ));
    }
    let cidfile = flags.cidfile.as_deref().filter(|path| !path.is_empty());
    let cidfile = cidfile.map(CidFile::open).transpose()?;
    let image = &flags.arguments[0];
    if !is_id(image) {
        reference::parse(image).map_err(CliError::failed)?;
    }
    if flags.use_api_socket {
        add_socket(&mut body, docker.socket());
    }
    let pull = async || {
        let platform = flags.platform.as_deref().filter(|name| !name.is_empty());
        pull::image(docker, image, platform, Output::Stderr, flags.quiet).await
    };
    if policy == Pull::Always {
        pull().await?;
    }
    let path = path(flags)?;
    let created: Created = match docker.try_post(&path, &body).await {
        Ok(created) => created,
        Err(error) if policy == Pull::Missing && is_missing_image(&error) => {
            if !flags.quiet {
                tty::complain(&format!(
                    "Unable to find image '{}' locally",
                    with_tag(image)
                ))?;
            }
            pull().await?;
            docker.post(&path, &body).await?
        }
        Err(error) => return Err(docker.fail(error)),
    };
    for warning in created.warnings.iter().flatten() {
        tty::complain(&format!("WARNING: {warning}"))?;
    }
    if let Some(file) = cidfile {
        file.keep(&created.id)?;
    }
    Ok(created.id)
}

fn path(flags: &ContainerFlags) -> Result<String, CliError> {
    let mut path = String::from("/containers/create");
    let mut mark = '?';
    let platform = match flags.platform.as_deref() {
        None | Some("") => None,
        Some(text) => Some(platform::normal(text).map_err(CliError::failed)?),
    };
    let name = flags.name.as_deref().filter(|name| !name.is_empty());
    for (key, value) in [("name", name), ("platform", platform.as_deref())] {
        if let Some(value) = value {
            path.push_str(&format!("{mark}{key}={}", percent_encode(value)));
            mark = '&';
        }
    }
    Ok(path)
}

fn add_socket(body: &mut Value, socket: &str) {
    let mount = json!({
        "Type": "bind", "Source": socket, "Target": "/var/run/docker.sock", "BindOptions": {},
    });
    match &mut body["HostConfig"]["Mounts"] {
        Value::Array(mounts) => mounts.push(mount),
        none => *none = json!([mount]),
    }
}

/// The file of `--cidfile`. It is there while the container is made, and goes again when that fails.
struct CidFile<'a> {
    path: &'a str,
    file: Option<fs::File>,
}

impl<'a> CidFile<'a> {
    fn open(path: &'a str) -> Result<Self, CliError> {
        if Path::new(path).exists() {
            return Err(CliError::failed(format!(
                "container ID file found, make sure the other container isn't running or delete {path}"
            )));
        }
        let file = fs::File::create_new(path).map_err(|error| {
            CliError::failed(format!(
                "failed to create the container ID file: open {path}: {}",
                os_words(&error)
            ))
        })?;
        Ok(Self {
            path,
            file: Some(file),
        })
    }

    fn keep(mut self, id: &str) -> Result<(), CliError> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        file.write_all(id.as_bytes()).map_err(|error| {
            CliError::failed(format!(
                "failed to write the container ID to the file: {}",
                os_words(&error)
            ))
        })
    }
}

impl Drop for CidFile<'_> {
    fn drop(&mut self) {
        if self.file.is_some() {
            // The failure that brought us here is what is told.
            let _ = fs::remove_file(self.path);
        }
    }
}

fn is_missing_image(error: &ClientError) -> bool {
    matches!(error, ClientError::Api { message, .. } if error.is_not_found() && message.to_ascii_lowercase().starts_with("no such image"))
}

fn is_id(image: &str) -> bool {
    let hex = image.strip_prefix("sha256:").unwrap_or(image);
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

fn with_tag(image: &str) -> String {
    image
        .parse::<drydock_spec::ImageRef>()
        .map_or_else(|_| image.into(), |r| r.with_default_tag().to_string())
}
