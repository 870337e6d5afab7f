//! `docker container prune`, `docker image prune`, `docker volume prune`.

use std::io::{BufRead, stdin};

use clap::Args;
use drydock_api::client::percent_encode;
use serde::Deserialize;
use serde_json::Value;

use super::rmi::Removed;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::values::{filter, filters_json},
    text::size,
    tty,
};

/// `docker container prune`.
#[derive(Debug, Args)]
pub struct ContainerPrune {
    /// Provide filter values (e.g. "until=<timestamp>")
    #[arg(long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    /// Do not prompt for confirmation
    #[arg(short, long)]
    force: bool,
    arguments: Vec<String>,
}

/// `docker image prune`.
#[derive(Debug, Args)]
pub struct ImagePrune {
    /// Remove all unused images, not just dangling ones
    #[arg(short, long)]
    all: bool,
    /// Provide filter values (e.g. "until=<timestamp>")
    #[arg(long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    /// Do not prompt for confirmation
    #[arg(short, long)]
    force: bool,
    arguments: Vec<String>,
}

/// `docker volume prune`.
#[derive(Debug, Args)]
pub struct VolumePrune {
    /// Remove all unused volumes, not just anonymous ones
    #[arg(short, long)]
    all: bool,
    /// Provide filter values (e.g. "label=<label>")
    #[arg(long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    /// Do not prompt for confirmation
    #[arg(short, long)]
    force: bool,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    containers_deleted: Option<Vec<String>>,
    volumes_deleted: Option<Vec<String>>,
    images_deleted: Option<Vec<Removed>>,
    #[serde(default)]
    space_reclaimed: i64,
}

impl Command for ContainerPrune {
    const WORDS: Words = Words {
        spellings: &["container prune"],
        about: "Remove all stopped containers",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        prune(
            &docker,
            "containers",
            &self.filter,
            self.force,
            "This will remove all stopped containers.",
        )
        .await
    }
}

impl Command for ImagePrune {
    const WORDS: Words = Words {
        spellings: &["image prune"],
        about: "Remove unused images",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(mut self, docker: Docker) -> Result<Exit, CliError> {
        self.filter
            .push(("dangling".into(), (!self.all).to_string()));
        let warning = if self.all {
            "This will remove all images without at least one container associated to them."
        } else {
            "This will remove all dangling images."
        };
        prune(&docker, "images", &self.filter, self.force, warning).await
    }
}

impl Command for VolumePrune {
    const WORDS: Words = Words {
        spellings: &["volume prune"],
        about: "Remove unused local volumes",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(mut self, docker: Docker) -> Result<Exit, CliError> {
        let warning = if self.all {
            self.filter.push(("all".into(), "true".into()));
            "This will remove all local volumes not used by at least one container."
        } else {
            "This will remove anonymous local volumes not used by at least one container."
        };
        prune(&docker, "volumes", &self.filter, self.force, warning).await
    }
}

async fn prune(
    docker: &Docker,
    what: &str,
    filters: &[(String, String)],
    force: bool,
    warning: &str,
) -> Result<Exit, CliError> {
    if !force
        && !confirmed(&format!(
            "WARNING! {warning}\nAre you sure you want to continue? [y/N] "
        ))?
    {
        // Docker leaves in silence, too.
        return Ok(0);
    }
    let path = format!(
        "/{what}/prune?filters={}",
        percent_encode(&filters_json(filters))
    );
    let report: Report = docker.post(&path, &Value::Null).await?;
    let mut out = String::new();
    for (heading, names) in [
        ("Containers", &report.containers_deleted),
        ("Volumes", &report.volumes_deleted),
    ] {
        if let Some(names) = names.as_ref().filter(|names| !names.is_empty()) {
            out.push_str(&format!("Deleted {heading}:\n{}\n\n", names.join("\n")));
        }
    }
    if let Some(images) = report.images_deleted.filter(|images| !images.is_empty()) {
        let lines: String = images
            .iter()
            .map(|image| {
                image
                    .line()
                    .replace("Untagged", "untagged")
                    .replace("Deleted", "deleted")
            })
            .collect();
        out.push_str(&format!("Deleted Images:\n{lines}\n"));
    }
    out.push_str(&format!(
        "Total reclaimed space: {}\n",
        size::long(report.space_reclaimed)
    ));
    tty::print(&out)?;
    Ok(0)
}

fn confirmed(question: &str) -> Result<bool, CliError> {
    tty::print(question)?;
    let mut answer = String::new();
    stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|source| CliError::io("could not read the answer", source))?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}
