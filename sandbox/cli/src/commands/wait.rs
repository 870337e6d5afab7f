//! `docker wait`.

use clap::Args;

use super::{each::conclude, exit_status};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment},
    error::CliError,
    tty,
};

/// `docker wait`.
#[derive(Debug, Args)]
pub struct Wait {
    arguments: Vec<String>,
}

impl Command for Wait {
    const WORDS: Words = Words {
        spellings: &["wait", "container wait"],
        about: "Block until one or more containers stop, then print their exit codes",
        usage: "CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Containers,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut failures = Vec::new();
        for name in &self.arguments {
            let status = match exit_status::wait(&docker, &container_segment(name), "").await {
                Ok(waiting) => waiting.status().await,
                Err(error) => Err(error),
            };
            match status {
                Ok(code) => tty::print(&format!("{code}\n"))?,
                Err(error) => failures.extend(error.words()),
            }
        }
        conclude(failures)
    }
}
