//! `docker create`, and the making of a container for `docker run`.

use std::{fs, path::Path};

use clap::Args;
use drydock_api::client::{ClientError, percent_encode};
use serde::Deserialize;
use serde_json::Value;

use super::{pull, reference};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    options::ContainerFlags,
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
        let body = self.container.request(false).map_err(refuse)?;
        let id = make(&docker, &self.container, &body).await?;
        tty::print(&format!("{id}\n"))?;
        Ok(0)
    }
}

/// A mistake in the flags that pflag does not see.
#[must_use]
pub fn refuse(message: String) -> CliError {
    CliError::Run { message, code: 125 }
}

/// The same failure, told as `docker run` tells it.
#[must_use]
pub fn as_run(error: &CliError) -> CliError {
    CliError::Run {
        message: error.words().unwrap_or_default(),
        code: 125,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

/// Makes the container, pulling its image as `--pull` says, and gives its id.
///
/// # Errors
/// As `docker run` words them.
pub async fn make(
    docker: &Docker,
    flags: &ContainerFlags,
    body: &Value,
) -> Result<String, CliError> {
    let policy = flags.pull.as_deref().unwrap_or("missing");
    if !matches!(policy, "always" | "missing" | "never") {
        return Err(refuse(format!(
            "invalid pull option: '{policy}': must be one of \"always\", \"missing\" or \"never\""
        )));
    }
    if let Some(path) = &flags.cidfile
        && Path::new(path).exists()
    {
        return Err(refuse(format!(
            "container ID file found, make sure the other container isn't running or delete {path}"
        )));
    }
    let image = &flags.arguments[0];
    if !is_id(image) {
        reference::parse(image).map_err(refuse)?;
    }
    let platform = flags.platform.as_deref();
    let pull = async || {
        pull::image(docker, image, platform, Output::Stderr, flags.quiet)
            .await
            .map_err(|e| as_run(&e))
    };
    if policy == "always" {
        pull().await?;
    }
    let mut path = String::from("/containers/create?");
    if let Some(name) = &flags.name {
        path.push_str(&format!("name={}&", percent_encode(name)));
    }
    if let Some(platform) = platform {
        path.push_str(&format!("platform={}", percent_encode(platform)));
    }
    let path = path.trim_end_matches(['?', '&']);
    let created: Created = match docker.try_post(path, body).await {
        Ok(created) => created,
        Err(error) if policy == "missing" && is_missing_image(&error) => {
            if !flags.quiet {
                tty::complain(&format!(
                    "Unable to find image '{}' locally",
                    with_tag(image)
                ))?;
            }
            pull().await?;
            docker
                .post(path, body)
                .await
                .map_err(|error| as_run(&error))?
        }
        Err(error) => return Err(as_run(&docker.fail(error))),
    };
    for warning in created.warnings.iter().flatten() {
        tty::complain(&format!("WARNING: {warning}"))?;
    }
    if let Some(path) = &flags.cidfile {
        fs::write(path, &created.id)
            .map_err(|error| refuse(format!("failed to create the container ID file: {error}")))?;
    }
    Ok(created.id)
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
