//! `docker rename`.

use clap::Args;
use drydock_api::client::percent_encode;
use http::Method;

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment},
    error::CliError,
    tty,
};

/// `docker rename`.
#[derive(Debug, Args)]
pub struct Rename {
    arguments: Vec<String>,
}

impl Command for Rename {
    const WORDS: Words = Words {
        spellings: &["rename", "container rename"],
        about: "Rename a container",
        usage: "CONTAINER NEW_NAME",
        arity: Arity::Exactly(2),
        names: Names::Containers,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let (old, new) = (self.arguments[0].trim(), self.arguments[1].trim());
        if old.is_empty() || new.is_empty() {
            return Err(CliError::failed(
                "Error: Neither old nor new names may be empty",
            ));
        }
        let path = format!(
            "/containers/{}/rename?name={}",
            container_segment(old),
            percent_encode(new)
        );
        if let Err(error) = docker.call(Method::POST, &path).await {
            tty::complain(&error.to_string())?;
            return Err(CliError::failed(format!(
                "Error: failed to rename container named {old}"
            )));
        }
        Ok(0)
    }
}
