//! `docker restart`.

use clap::Args;
use drydock_api::client::percent_encode;
use http::Method;

use super::each::each;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, segment},
    error::CliError,
    flags::values::integer,
};

/// `docker restart`.
#[derive(Debug, Args)]
pub struct Restart {
    /// Signal to send to the container
    #[arg(short, long, value_name = "string")]
    signal: Option<String>,
    /// Seconds to wait before killing the container
    #[arg(short, long, value_name = "int", value_parser = integer, alias = "time", allow_negative_numbers = true)]
    timeout: Option<i64>,
    arguments: Vec<String>,
}

impl Command for Restart {
    const WORDS: Words = Words {
        spellings: &["restart", "container restart"],
        about: "Restart one or more containers",
        usage: "[OPTIONS] CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Containers,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut query = Vec::new();
        query.extend(self.timeout.map(|seconds| format!("t={seconds}")));
        query.extend(
            self.signal
                .map(|signal| format!("signal={}", percent_encode(&signal))),
        );
        let query = query.join("&");
        each(self.arguments, |name| {
            let (docker, path) = (
                docker.clone(),
                format!("/containers/{}/restart?{query}", segment(&name)),
            );
            async move { docker.call(Method::POST, path.trim_end_matches('?')).await }
        })
        .await
    }
}
