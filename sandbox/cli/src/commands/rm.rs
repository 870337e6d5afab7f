//! `docker rm`.

use clap::Args;
use http::Method;

use super::each::conclude;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment, query},
    error::CliError,
    tty,
};

/// `docker rm`.
#[derive(Debug, Args)]
pub struct Rm {
    /// Force the removal of a running container (uses SIGKILL)
    #[arg(short, long)]
    force: bool,
    /// Remove the specified link
    #[arg(short, long)]
    link: bool,
    /// Remove anonymous volumes associated with the container
    #[arg(short, long)]
    volumes: bool,
    arguments: Vec<String>,
}

impl Command for Rm {
    const WORDS: Words = Words {
        spellings: &["rm", "container rm", "container remove"],
        about: "Remove one or more containers",
        usage: "[OPTIONS] CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Containers,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let query = query(&[
            ("v", self.volumes),
            ("link", self.link),
            ("force", self.force),
        ]);
        let tasks: Vec<_> = self
            .arguments
            .into_iter()
            .map(|name| {
                let (docker, path) = (
                    docker.clone(),
                    format!("/containers/{}{query}", container_segment(&name)),
                );
                (
                    name,
                    tokio::spawn(async move { docker.call(Method::DELETE, &path).await }),
                )
            })
            .collect();
        let mut failures = Vec::new();
        for (name, task) in tasks {
            match task
                .await
                .map_err(|panic| CliError::failed(panic.to_string()))?
            {
                Ok(()) => tty::print(&format!("{name}\n"))?,
                // With --force, what is not there counts as removed.
                Err(error) if self.force && error.is_not_found() => {
                    tty::complain(&error.to_string())?
                }
                Err(error) => failures.extend(error.words()),
            }
        }
        conclude(failures)
    }
}
