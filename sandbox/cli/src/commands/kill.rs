//! `docker kill`.

use clap::Args;
use drydock_api::client::percent_encode;
use http::Method;

use super::each::each;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, segment},
    error::CliError,
};

/// `docker kill`.
#[derive(Debug, Args)]
pub struct Kill {
    /// Signal to send to the container
    #[arg(short, long, value_name = "string")]
    signal: Option<String>,
    arguments: Vec<String>,
}

impl Command for Kill {
    const WORDS: Words = Words {
        spellings: &["kill", "container kill"],
        about: "Kill one or more running containers",
        usage: "[OPTIONS] CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Running,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let query = self
            .signal
            .map(|signal| format!("?signal={}", percent_encode(&signal)))
            .unwrap_or_default();
        each(self.arguments, |name| {
            let (docker, path) = (
                docker.clone(),
                format!("/containers/{}/kill{query}", segment(&name)),
            );
            async move { docker.call(Method::POST, &path).await }
        })
        .await
    }
}
