//! `docker run`.

use clap::Args;
use http::Method;
use serde_json::Value;

use super::{
    create::{self, as_run, refuse},
    exit_status::{self, Waiting, code_of_failed_start},
};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    options::{ContainerFlags, request::Streams},
    stream::{self, Attach, End},
    tty::{self, detach::DetachKeys, signals},
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
        let streams = self.check()?;
        let keys =
            DetachKeys::parse(self.detach_keys.as_deref().unwrap_or_default()).map_err(refuse)?;
        let body: Value = self.container.request(self.detach).map_err(refuse)?;
        let id = create::make(&docker, &self.container, &body).await?;
        if !streams.any() {
            start(&docker, &id).await?;
            if self.detach {
                tty::print(&format!("{id}\n"))?;
            }
            return Ok(0);
        }
        self.foreground(&docker, &id, streams, keys).await
    }
}

impl Run {
    fn check(&self) -> Result<Streams, CliError> {
        let flags = &self.container;
        if self.detach && !flags.attach.is_empty() {
            return Err(CliError::failed(
                "conflicting options: cannot specify both --attach and --detach",
            ));
        }
        if flags.rm
            && flags
                .restart
                .as_deref()
                .is_some_and(|policy| !matches!(policy, "" | "no"))
        {
            return Err(refuse(
                "conflicting options: cannot specify both --restart and --rm".into(),
            ));
        }
        let streams = flags.streams(self.detach).map_err(refuse)?;
        if flags.tty && streams.stdin && !tty::stdin_is_terminal() {
            return Err(CliError::failed("the input device is not a TTY"));
        }
        Ok(streams)
    }

    async fn foreground(
        self,
        docker: &Docker,
        id: &str,
        streams: Streams,
        keys: DetachKeys,
    ) -> Result<Exit, CliError> {
        let flags = &self.container;
        let _proxy = if self.sig_proxy {
            Some(signals::proxy(docker, id)?)
        } else {
            None
        };
        let query = format!(
            "stream=1&stdin={}&stdout={}&stderr={}",
            u8::from(streams.stdin),
            u8::from(streams.stdout),
            u8::from(streams.stderr)
        );
        let condition = if flags.rm { "removed" } else { "next-exit" };
        let path = format!("/containers/{id}/attach?{query}");
        // Attached and waited for before it starts: nothing that it does is missed.
        let (attached, waiting) = tokio::join!(
            docker.hijack(&path, None),
            exit_status::wait(docker, id, condition)
        );
        let (attached, waiting) = (
            attached.map_err(|e| as_run(&e))?,
            waiting.map_err(|e| as_run(&e))?,
        );
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
            detach: keys,
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
        .map_err(|error| {
            let message = error.words().unwrap_or_default();
            let code = code_of_failed_start(&message);
            CliError::Run { message, code }
        })
}
