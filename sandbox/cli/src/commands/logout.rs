//! `docker logout`.

use clap::Args;

use super::login::server;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    logins::Logins,
    tty,
};

/// `docker logout`.
#[derive(Debug, Args)]
pub struct Logout {
    arguments: Vec<String>,
}

impl Command for Logout {
    const WORDS: Words = Words {
        spellings: &["logout"],
        about: "Log out from a registry",
        usage: "[SERVER]",
        arity: Arity::AtMost(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let server = server(self.arguments.first());
        tty::print(&format!("Removing login credentials for {server}\n"))?;
        Logins::load(docker.config_directory())?.forget(&server)?;
        Ok(0)
    }
}
