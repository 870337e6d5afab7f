//! `docker start`.

use clap::Args;
use http::Method;
use serde::Deserialize;

use super::{each::conclude, exit_status};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment},
    error::CliError,
    options::streams::Streams,
    stream::{self, Attach, End},
    tty::{self, Output, signals},
};

/// `docker start`.
#[derive(Debug, Args)]
pub struct Start {
    /// Attach STDOUT/STDERR and forward signals
    #[arg(short, long)]
    attach: bool,
    /// Override the key sequence for detaching a container
    #[arg(long, value_name = "string")]
    detach_keys: Option<String>,
    /// Attach container's STDIN
    #[arg(short, long)]
    interactive: bool,
    arguments: Vec<String>,
}

/// What attaching needs to know of a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Inspected {
    /// Its full id.
    pub id: String,
    /// How it was made.
    pub config: Config,
    /// How it fares.
    pub state: State,
    /// What it may do.
    #[serde(default)]
    pub host_config: HostConfig,
}

/// The part of a container's configuration that attaching needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub struct Config {
    /// It has a terminal.
    pub tty: bool,
    /// It reads.
    pub open_stdin: bool,
}

/// The part of a container's state that attaching needs.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct State {
    /// Its first process lives.
    pub running: bool,
    /// It is frozen.
    pub paused: bool,
    /// It is between two runs.
    pub restarting: bool,
}

/// The part of a container's host configuration that attaching needs.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HostConfig {
    /// It goes when it ends.
    pub auto_remove: bool,
}

impl Command for Start {
    const WORDS: Words = Words {
        spellings: &["start", "container start"],
        about: "Start one or more stopped containers",
        usage: "[OPTIONS] CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Stopped,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        if self.attach || self.interactive {
            if self.arguments.len() > 1 {
                return Err(CliError::failed(
                    "you cannot start and attach multiple containers at once",
                ));
            }
            return self.attached(&docker).await;
        }
        let (mut failures, mut failed) = (Vec::new(), Vec::new());
        for name in &self.arguments {
            match docker
                .call(
                    Method::POST,
                    &format!("/containers/{}/start", container_segment(name)),
                )
                .await
            {
                Ok(()) => tty::print(&format!("{name}\n"))?,
                Err(error @ CliError::Engine { .. }) => {
                    failures.extend(error.words());
                    failed.push(name.as_str());
                }
                Err(other) => return Err(other),
            }
        }
        if !failed.is_empty() {
            failures.push(format!(
                "Error: failed to start containers: {}",
                failed.join(", ")
            ));
        }
        conclude(failures)
    }
}

impl Start {
    async fn attached(&self, docker: &Docker) -> Result<Exit, CliError> {
        let name = container_segment(&self.arguments[0]);
        let container: Inspected = docker.get(&format!("/containers/{name}/json")).await?;
        let keys = docker.detach_keys(self.detach_keys.as_deref());
        let id = &container.id;
        let stdin = self.interactive && container.config.open_stdin;
        let tty = container.config.tty;
        let _proxy = if tty {
            None
        } else {
            Some(signals::proxy(docker, id)?)
        };
        let streams = Streams {
            stdin,
            stdout: true,
            stderr: true,
        };
        let path = format!("/containers/{id}/attach?{}", streams.query(keys.typed()));
        let condition = if container.host_config.auto_remove {
            "removed"
        } else {
            "next-exit"
        };
        let (attached, waiting) = tokio::join!(
            docker.hijack(&path, None),
            exit_status::wait(docker, id, condition)
        );
        let (attached, waiting) = (attached?, waiting?);
        docker
            .call(Method::POST, &format!("/containers/{id}/start"))
            .await?;
        let _window = if tty && Output::Stdout.is_terminal() {
            Some(signals::follow_window(docker, format!("containers/{id}"))?)
        } else {
            None
        };
        match stream::carry(
            attached,
            Attach {
                tty,
                stdin,
                detach: keys,
            },
        )
        .await?
        {
            End::Detached => Ok(0),
            End::Closed => waiting.status().await,
        }
    }
}
