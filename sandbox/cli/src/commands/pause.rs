//! `docker pause` and `docker unpause`.

use clap::Args;
use http::Method;

use super::each::each;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, segment},
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
        all(docker, self.arguments, "pause").await
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
        all(docker, self.arguments, "unpause").await
    }
}

async fn all(docker: Docker, names: Vec<String>, verb: &'static str) -> Result<Exit, CliError> {
    each(names, |name| {
        let (docker, path) = (
            docker.clone(),
            format!("/containers/{}/{verb}", segment(&name)),
        );
        async move { docker.call(Method::POST, &path).await }
    })
    .await
}
