//! `docker pause` and `docker unpause`.

use clap::Args;

use super::each::post_each;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
};

/// `docker pause`.
#[derive(Debug, Args)]
pub struct Pause {
    arguments: Vec<String>,
}

/// `docker unpause`.
#[derive(Debug, Args)]
pub struct Unpause {
    arguments: Vec<String>,
}

impl Command for Pause {
    const WORDS: Words = Words {
        spellings: &["pause", "container pause"],
        about: "Pause all processes within one or more containers",
        usage: "CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Running,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        post_each(&docker, self.arguments, "pause", "").await
    }
}

impl Command for Unpause {
    const WORDS: Words = Words {
        spellings: &["unpause", "container unpause"],
        about: "Unpause all processes within one or more containers",
        usage: "CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Running,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        post_each(&docker, self.arguments, "unpause", "").await
    }
}
