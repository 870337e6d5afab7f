//! `docker commit`.

use clap::Args;
use drydock_api::client::percent_encode;
use serde_json::Value;

use super::reference;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    tty,
};

/// `docker commit`.
#[derive(Debug, Args)]
pub struct Commit {
    /// Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")
    #[arg(short, long, value_name = "string", default_value = "")]
    author: String,
    /// Apply Dockerfile instruction to the created image
    #[arg(short, long, value_name = "list")]
    change: Vec<String>,
    /// Commit message
    #[arg(short, long, value_name = "string", default_value = "")]
    message: String,
    /// Pause container during commit (default true)
    #[arg(short, long, default_value = "true")]
    pause: bool,
    arguments: Vec<String>,
}

impl Command for Commit {
    const WORDS: Words = Words {
        spellings: &["commit", "container commit"],
        about: "Create a new image from a container's changes",
        usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
        arity: Arity::Between(1, 2),
        names: Names::Containers,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let path = format!("/commit?{}", self.query()?);
        let made: Value = docker.post(&path, &Value::Null).await?;
        tty::print(&format!("{}\n", made["Id"].as_str().unwrap_or_default()))?;
        Ok(0)
    }
}

impl Commit {
    fn query(&self) -> Result<String, CliError> {
        let mut query = vec![("container", self.arguments[0].clone())];
        if let Some(text) = self.arguments.get(1).filter(|text| !text.is_empty()) {
            let name = reference::parse(text).map_err(CliError::failed)?;
            if name.digest().is_some() {
                return Err(CliError::failed(
                    "refusing to create a tag with a digest reference",
                ));
            }
            query.push(("repo", name.repository().to_owned()));
            query.extend(name.tag_or_latest().map(|tag| ("tag", tag.to_owned())));
        }
        query.push(("comment", self.message.clone()));
        query.push(("author", self.author.clone()));
        query.push(("pause", u8::from(self.pause).to_string()));
        query.extend(self.change.iter().map(|text| ("changes", text.clone())));
        let pairs = query
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encode(value)));
        Ok(pairs.collect::<Vec<_>>().join("&"))
    }
}
