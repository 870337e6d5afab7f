//! `docker stop` and `docker restart`.

use clap::Args;
use drydock_api::client::percent_encode;

use super::each::post_each;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::values::integer,
    tty,
};

/// How a container is asked to end, and how long it may take.
#[derive(Debug, Args)]
struct Ending {
    /// Signal to send to the container
    #[arg(short, long, value_name = "string", default_value = "")]
    signal: String,
    /// Seconds to wait before killing the container
    #[arg(short, long, value_name = "int", value_parser = integer)]
    timeout: Option<i64>,
    #[arg(long, hide = true, value_name = "int", value_parser = integer)]
    time: Option<i64>,
    arguments: Vec<String>,
}

/// `docker stop`.
#[derive(Debug, Args)]
pub struct Stop {
    #[command(flatten)]
    ending: Ending,
}

/// `docker restart`.
#[derive(Debug, Args)]
pub struct Restart {
    #[command(flatten)]
    ending: Ending,
}

impl Ending {
    async fn ask(self, docker: &Docker, verb: &'static str) -> Result<Exit, CliError> {
        if self.time.is_some() {
            tty::print("Flag --time has been deprecated, use --timeout instead\n")?;
        }
        let mut query = Vec::new();
        if !self.signal.is_empty() {
            query.push(format!("signal={}", percent_encode(&self.signal)));
        }
        let timeout = self.timeout.or(self.time);
        query.extend(timeout.map(|seconds| format!("t={seconds}")));
        post_each(docker, self.arguments, verb, &query.join("&")).await
    }
}

impl Command for Stop {
    const WORDS: Words = Words {
        spellings: &["stop", "container stop"],
        about: "Stop one or more running containers",
        usage: "[OPTIONS] CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Running,
    };

    fn arguments(&self) -> &[String] {
        &self.ending.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        self.ending.ask(&docker, "stop").await
    }
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
        &self.ending.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        self.ending.ask(&docker, "restart").await
    }
}
