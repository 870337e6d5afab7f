//! `docker exec`.

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment},
    error::CliError,
    flags::values::env,
    options::env::variables,
    stream::{self, Attach, End},
    tty::{self, Output, detach::DetachKeys, signals},
};

/// `docker exec`.
#[derive(Debug, Args)]
pub struct Exec {
    /// Detached mode: run command in the background
    #[arg(short, long)]
    detach: bool,
    /// Override the key sequence for detaching a container
    #[arg(long, value_name = "string")]
    detach_keys: Option<String>,
    /// Set environment variables
    #[arg(short, long, value_name = "list", value_parser = env)]
    env: Vec<String>,
    /// Read in a file of environment variables
    #[arg(long, value_name = "list")]
    env_file: Vec<String>,
    /// Keep STDIN open even if not attached
    #[arg(short, long)]
    interactive: bool,
    /// Give extended privileges to the command
    #[arg(long)]
    privileged: bool,
    /// Allocate a pseudo-TTY
    #[arg(short, long)]
    tty: bool,
    /// Username or UID (format: "<name|uid>[:<group|gid>]")
    #[arg(short, long, value_name = "string")]
    user: Option<String>,
    /// Working directory inside the container
    #[arg(short, long, value_name = "string")]
    workdir: Option<String>,
    #[arg(trailing_var_arg = true)]
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ended {
    exit_code: Option<i32>,
}

impl Command for Exec {
    const WORDS: Words = Words {
        spellings: &["exec", "container exec"],
        about: "Execute a command in a running container",
        usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
        arity: Arity::AtLeast(2),
        names: Names::Running,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let container = container_segment(&self.arguments[0]);
        let stdin = self.interactive && !self.detach;
        if self.tty && stdin && !tty::stdin_is_terminal() {
            // Docker looks for the container first.
            let _: Value = docker.get(&format!("/containers/{container}/json")).await?;
            return Err(CliError::failed("the input device is not a TTY"));
        }
        let keys = docker.detach_keys(self.detach_keys.as_deref());
        let size = tty::size()
            .filter(|_| self.tty)
            .map(|size| [size.rows, size.cols]);
        let request = self.request(stdin, size, &keys)?;
        let created: Created = docker
            .post(&format!("/containers/{container}/exec"), &request)
            .await?;
        let path = format!("/exec/{}/start", created.id);
        if self.detach {
            let _: Value = docker
                .post(&path, &json!({ "Detach": true, "Tty": self.tty }))
                .await?;
            return Ok(0);
        }
        let start = json!({ "Detach": false, "Tty": self.tty, "ConsoleSize": size });
        let attached = docker.hijack(&path, Some(&start)).await?;
        let _window = if self.tty && Output::Stdout.is_terminal() {
            Some(signals::follow_window(
                &docker,
                format!("exec/{}", created.id),
            )?)
        } else {
            None
        };
        let attach = Attach {
            tty: self.tty,
            stdin,
            detach: keys,
        };
        if stream::carry(attached, attach).await? == End::Detached {
            return Err(CliError::failed("read escape sequence"));
        }
        let ended: Ended = docker.get(&format!("/exec/{}/json", created.id)).await?;
        Ok(ended.exit_code.unwrap_or(0))
    }
}

impl Exec {
    fn request(
        &self,
        stdin: bool,
        size: Option<[u16; 2]>,
        keys: &DetachKeys,
    ) -> Result<Value, CliError> {
        let mut request = json!({
            "User": self.user.as_deref().unwrap_or_default(),
            "Privileged": self.privileged,
            "Tty": self.tty,
            "AttachStdin": stdin,
            "AttachStdout": !self.detach,
            "AttachStderr": !self.detach,
            "Detach": self.detach,
            "DetachKeys": keys.typed(),
            "Env": variables(&self.env_file, &self.env).map_err(CliError::failed)?,
            "WorkingDir": self.workdir.as_deref().unwrap_or_default(),
            "Cmd": &self.arguments[1..],
        });
        if let (Some(size), Some(map)) = (size, request.as_object_mut()) {
            map.insert("ConsoleSize".into(), json!(size));
        }
        Ok(request)
    }
}
