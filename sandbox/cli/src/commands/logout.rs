//! `docker logout`.

use clap::Args;

use super::login::hostname;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config_file::{ConfigFile, DOCKER_HUB},
    docker::Docker,
    error::CliError,
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
        let typed = self.arguments.first().filter(|typed| !typed.is_empty());
        let (shown, names) = match typed {
            None => (DOCKER_HUB.into(), vec![DOCKER_HUB.into()]),
            Some(typed) => {
                let host = hostname(typed);
                // As clients have ever named it in the file.
                let names = vec![
                    typed.clone(),
                    format!("http://{host}"),
                    format!("https://{host}"),
                ];
                (host.clone(), [names, vec![host]].concat())
            }
        };
        tty::print(&format!("Removing login credentials for {shown}\n"))?;
        let mut logins = ConfigFile::load(docker.config_directory())?;
        names.iter().try_for_each(|name| logins.forget(name))?;
        Ok(0)
    }
}
