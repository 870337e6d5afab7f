//! `docker run`.

use clap::Args;
use http::Method;
use serde_json::json;

use super::{
    create,
    exit_status::{self, Waiting, code_of_failed_start},
};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    options::{ContainerFlags, streams::Streams},
    stream::{self, Attach, End},
    tty::{self, signals},
};

/// `docker run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Run container in background and print container ID
    #[arg(short, long)]
    detach: bool,
    /// Override the key sequence for detaching a container
    #[arg(long, value_name = "string")]
    detach_keys: Option<String>,
    /// Proxy received signals to the process (default true)
    #[arg(long, default_value = "true")]
    sig_proxy: bool,
    #[command(flatten)]
    container: ContainerFlags,
}

impl Command for Run {
    const WORDS: Words = Words {
        spellings: &["run", "container run"],
        about: "Create and run a new container from an image",
        usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        arity: Arity::AtLeast(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.container.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let (policy, mut body) = create::prepare(&self.container, self.detach)?;
        let streams = self.container.streams(self.detach);
        self.check(streams)?;
        if let Some(size) = tty::size() {
            body["HostConfig"]["ConsoleSize"] = json!([size.rows, size.cols]);
        }
        let id = create::make(&docker, &self.container, policy, body)
            .await
            .map_err(|error| as_run(&error))?;
        if !streams.any() {
            start(&docker, &id).await?;
            if self.detach {
                tty::print(&format!("{id}\n"))?;
            }
            return Ok(0);
        }
        self.foreground(&docker, &id, streams).await
    }
}

/// The same failure, told as `docker run` tells it, with the code that it means there.
fn as_run(error: &CliError) -> CliError {
    let message = error.words().unwrap_or_default();
    let code = code_of_failed_start(&message);
    CliError::run(message, code)
}

impl Run {
    fn check(&self, streams: Streams) -> Result<(), CliError> {
        let flags = &self.container;
        if self.detach && !flags.attach.is_empty() {
            return Err(CliError::failed(
                "conflicting options: cannot specify both --attach and --detach",
            ));
        }
        if flags.tty && streams.stdin && !tty::stdin_is_terminal() {
            return Err(CliError::failed("the input device is not a TTY"));
        }
        Ok(())
    }

    async fn foreground(
        self,
        docker: &Docker,
        id: &str,
        streams: Streams,
    ) -> Result<Exit, CliError> {
        let flags = &self.container;
        let _proxy = if self.sig_proxy {
            Some(signals::proxy(docker, id)?)
        } else {
            None
        };
        let condition = if flags.rm { "removed" } else { "next-exit" };
        let detach = docker.detach_keys(self.detach_keys.as_deref());
        let path = format!("/containers/{id}/attach?{}", streams.query(detach.typed()));
        // Attached and waited for before it starts: nothing that it does is missed.
        let (attached, waiting) = tokio::join!(
            docker.hijack(&path, None),
            exit_status::wait(docker, id, condition)
        );
        let (attached, waiting) = (attached?, waiting?);
        if let Err(error) = start(docker, id).await {
            drop(attached);
            settle(waiting, flags.rm).await;
            return Err(error);
        }
        let _window = if flags.tty && tty::Output::Stdout.is_terminal() {
            Some(signals::follow_window(docker, format!("containers/{id}"))?)
        } else {
            None
        };
        let attach = Attach {
            tty: flags.tty,
            stdin: streams.stdin,
            detach,
        };
        match stream::carry(attached, attach).await? {
            End::Detached => Ok(0),
            End::Closed => waiting.status().await,
        }
    }
}

/// A container that could not start is removed by the engine with `--rm`; the command ends when that is done.
async fn settle(waiting: Waiting, removed: bool) {
    if removed {
        let limit = std::time::Duration::from_secs(10);
        // Whatever comes of it, the failed start is what is told.
        let _ = tokio::time::timeout(limit, waiting.status()).await;
    }
}

async fn start(docker: &Docker, id: &str) -> Result<(), CliError> {
    docker
        .call(Method::POST, &format!("/containers/{id}/start"))
        .await
        .map_err(|error| as_run(&error))
}
