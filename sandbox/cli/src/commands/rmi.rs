//! `docker rmi`.

use clap::Args;
use drydock_api::client::{Body, percent_encode, read_all};
use http::Method;
use serde::Deserialize;

use super::each::conclude;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, query, segment},
    error::CliError,
    flags::values::strings,
    options::platform,
    tty,
};

/// `docker rmi`.
#[derive(Debug, Args)]
pub struct Rmi {
    /// Force removal of the image
    #[arg(short, long)]
    force: bool,
    /// Do not delete untagged parents
    #[arg(long)]
    no_prune: bool,
    /// Remove only this platform of the image
    #[arg(long, value_name = "strings", value_parser = strings)]
    platform: Vec<Vec<String>>,
    arguments: Vec<String>,
}

/// One line of what was done.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Removed {
    untagged: Option<String>,
    deleted: Option<String>,
}

impl Removed {
    /// In Docker's words.
    #[must_use]
    pub fn line(&self) -> String {
        match (&self.untagged, &self.deleted) {
            (_, Some(id)) => format!("Deleted: {id}\n"),
            (Some(name), None) => format!("Untagged: {name}\n"),
            (None, None) => String::new(),
        }
    }
}

impl Command for Rmi {
    const WORDS: Words = Words {
        spellings: &["rmi", "image rm", "image remove"],
        about: "Remove one or more images",
        usage: "[OPTIONS] IMAGE [IMAGE...]",
        arity: Arity::AtLeast(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut failures = Vec::new();
        for name in &self.arguments {
            match self.remove(&docker, name).await {
                Ok(removed) => tty::print(&removed.iter().map(Removed::line).collect::<String>())?,
                Err(error) if self.force && error.is_not_found() => {
                    tty::complain(&error.to_string())?
                }
                Err(error) => failures.extend(error.words()),
            }
        }
        conclude(failures)
    }
}

impl Rmi {
    async fn remove(&self, docker: &Docker, name: &str) -> Result<Vec<Removed>, CliError> {
        let query = query(&[("force", self.force), ("noprune", self.no_prune)]);
        let mut path = format!("/images/{}{query}", segment(name));
        for platform in self.platform.concat() {
            let mark = if path.contains('?') { '&' } else { '?' };
            let json = platform::json(&platform).map_err(CliError::failed)?;
            path.push_str(&format!("{mark}platforms={}", percent_encode(&json)));
        }
        let response = docker.request(Method::DELETE, &path, Body::empty()).await?;
        let bytes = read_all(response)
            .await
            .map_err(|error| docker.fail(error))?;
        serde_json::from_slice(&bytes).map_err(|error| docker.fail(error.into()))
    }
}
