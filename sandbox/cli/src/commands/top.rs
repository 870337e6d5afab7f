//! `docker top`.

use clap::Args;
use drydock_api::client::percent_encode;
use serde::Deserialize;

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment},
    error::CliError,
    text::table,
    tty,
};

/// `docker top`.
#[derive(Debug, Args)]
pub struct Top {
    #[arg(trailing_var_arg = true)]
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Processes {
    titles: Vec<String>,
    processes: Vec<Vec<String>>,
}

impl Command for Top {
    const WORDS: Words = Words {
        spellings: &["top", "container top"],
        about: "Display the running processes of a container",
        usage: "CONTAINER [ps OPTIONS]",
        arity: Arity::AtLeast(1),
        names: Names::Running,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut path = format!("/containers/{}/top", container_segment(&self.arguments[0]));
        if self.arguments.len() > 1 {
            path.push_str(&format!(
                "?ps_args={}",
                percent_encode(&self.arguments[1..].join(" "))
            ));
        }
        let found: Processes = docker.get(&path).await?;
        let mut text = found.titles.join("\t");
        for process in &found.processes {
            text.push('\n');
            text.push_str(&process.join("\t"));
        }
        tty::print(&table::align(&text, table::TOP))?;
        Ok(0)
    }
}
