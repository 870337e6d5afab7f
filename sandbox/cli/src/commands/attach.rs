//! `docker attach`.

use clap::Args;
use http::Method;

use super::{exit_status, start::Inspected};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment},
    error::CliError,
    options::streams::Streams,
    stream::{self, End},
    tty::{self, Output, signals},
};

/// `docker attach`.
#[derive(Debug, Args)]
pub struct Attach {
    /// Override the key sequence for detaching a container
    #[arg(long, value_name = "string")]
    detach_keys: Option<String>,
    /// Do not attach STDIN
    #[arg(long)]
    no_stdin: bool,
    /// Proxy all received signals to the process (default true)
    #[arg(long, default_value = "true")]
    sig_proxy: bool,
    arguments: Vec<String>,
}

impl Command for Attach {
    const WORDS: Words = Words {
        spellings: &["attach", "container attach"],
        about: "Attach local standard input, output, and error streams to a running container",
        usage: "[OPTIONS] CONTAINER",
        arity: Arity::Exactly(1),
        names: Names::Running,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let container: Inspected = docker
            .get(&format!(
                "/containers/{}/json",
                container_segment(&self.arguments[0])
            ))
            .await?;
        check(&container)?;
        let keys = docker.detach_keys(self.detach_keys.as_deref());
        let (id, tty) = (&container.id, container.config.tty);
        let stdin = !self.no_stdin && container.config.open_stdin;
        if tty && stdin && !tty::stdin_is_terminal() {
            return Err(CliError::failed("the input device is not a TTY"));
        }
        let _proxy = if self.sig_proxy && !tty {
            Some(signals::proxy(&docker, id)?)
        } else {
            None
        };
        let streams = Streams {
            stdin,
            stdout: true,
            stderr: true,
        };
        let path = format!("/containers/{id}/attach?{}", streams.query(keys.typed()));
        let (attached, waiting) = tokio::join!(
            docker.hijack(&path, None),
            exit_status::wait(&docker, id, "")
        );
        let (attached, waiting) = (attached?, waiting?);
        let _window = if tty && Output::Stdout.is_terminal() {
            redraw(&docker, id).await;
            Some(signals::follow_window(&docker, format!("containers/{id}"))?)
        } else {
            None
        };
        match stream::carry(
            attached,
            stream::Attach {
                tty,
                stdin,
                detach: keys,
            },
        )
        .await?
        {
            End::Detached => Err(CliError::failed("read escape sequence")),
            End::Closed => waiting.status().await,
        }
    }
}

fn check(container: &Inspected) -> Result<(), CliError> {
    let state = &container.state;
    let refusal = match () {
        () if !state.running => "You cannot attach to a stopped container, start it first",
        () if state.paused => "You cannot attach to a paused container, unpause it first",
        () if state.restarting => {
            "You cannot attach to a restarting container, wait until it is running"
        }
        () => return Ok(()),
    };
    Err(CliError::failed(refusal))
}

/// A program draws itself again when its window changes, even if the change is undone at once.
async fn redraw(docker: &Docker, id: &str) {
    if let Some(size) = tty::size() {
        let path = format!(
            "/containers/{id}/resize?h={}&w={}",
            size.rows.saturating_add(1),
            size.cols.saturating_add(1)
        );
        // Not worth failing for.
        let _ = docker.call(Method::POST, &path).await;
    }
}
