//! `docker diff`.

use clap::Args;
use serde::Deserialize;

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment},
    error::CliError,
    tty,
};

/// `docker diff`.
#[derive(Debug, Args)]
pub struct Diff {
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    path: String,
    kind: u8,
}

impl Command for Diff {
    const WORDS: Words = Words {
        spellings: &["diff", "container diff"],
        about: "Inspect changes to files or directories on a container's filesystem",
        usage: "CONTAINER",
        arity: Arity::Exactly(1),
        names: Names::Containers,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let path = format!(
            "/containers/{}/changes",
            container_segment(&self.arguments[0])
        );
        let changes: Option<Vec<Change>> = docker.get(&path).await?;
        let lines = changes.into_iter().flatten().map(|change| {
            let letter = match change.kind {
                0 => 'C',
                1 => 'A',
                2 => 'D',
                _ => '?',
            };
            format!("{letter} {}\n", change.path)
        });
        tty::print(&lines.collect::<String>())?;
        Ok(0)
    }
}
