//! `docker export`.

use clap::Args;
use drydock_api::client::Body;
use http::Method;

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    copy::OutputFile,
    docker::{Docker, container_segment},
    error::CliError,
    stream::{self, body::BodyReader},
    tty::Output,
};

/// `docker export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Write to a file, instead of STDOUT
    #[arg(short, long, value_name = "string")]
    output: Option<String>,
    arguments: Vec<String>,
}

impl Command for Export {
    const WORDS: Words = Words {
        spellings: &["export", "container export"],
        about: "Export a container's filesystem as a tar archive",
        usage: "[OPTIONS] CONTAINER",
        arity: Arity::Exactly(1),
        names: Names::Containers,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let file = match self.output.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => Some(OutputFile::check(path).map_err(|reason| {
                CliError::failed(format!("failed to export container: {reason}"))
            })?),
            None if Output::Stdout.is_terminal() => {
                return Err(CliError::failed(
                    "cowardly refusing to save to a terminal. Use the -o flag or redirect",
                ));
            }
            None => None,
        };
        let path = format!(
            "/containers/{}/export",
            container_segment(&self.arguments[0])
        );
        let response = docker.request(Method::GET, &path, Body::empty()).await?;
        let archive = BodyReader::new(response);
        match file {
            Some(file) => file.fill(archive).await?,
            None => stream::copy(archive).await?,
        }
        Ok(0)
    }
}
