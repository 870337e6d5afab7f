//! `docker kill`.

use clap::Args;
use drydock_api::client::percent_encode;

use super::each::post_each;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
};

/// `docker kill`.
#[derive(Debug, Args)]
pub struct Kill {
    /// Signal to send to the container
    #[arg(short, long, value_name = "string", default_value = "")]
    signal: String,
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
        let query = match self.signal.as_str() {
            "" => String::new(),
            signal => format!("signal={}", percent_encode(signal)),
        };
        post_each(&docker, self.arguments, "kill", &query).await
    }
}
