//! `docker logs`.

use clap::Args;
use drydock_api::client::{Body, percent_encode};
use http::Method;

use super::start::Inspected;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment, query},
    error::CliError,
    stream::{self, body::BodyReader},
    text::time,
};

/// `docker logs`.
#[derive(Debug, Args)]
pub struct Logs {
    /// Show extra details provided to logs
    #[arg(long)]
    details: bool,
    /// Follow log output
    #[arg(short, long)]
    follow: bool,
    /// Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)
    #[arg(long, value_name = "string")]
    since: Option<String>,
    /// Number of lines to show from the end of the logs (default "all")
    #[arg(short = 'n', long, value_name = "string", default_value = "all")]
    tail: String,
    /// Show timestamps
    #[arg(short, long)]
    timestamps: bool,
    /// Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)
    #[arg(long, value_name = "string")]
    until: Option<String>,
    arguments: Vec<String>,
}

impl Command for Logs {
    const WORDS: Words = Words {
        spellings: &["logs", "container logs"],
        about: "Fetch the logs of a container",
        usage: "[OPTIONS] CONTAINER",
        arity: Arity::Exactly(1),
        names: Names::Containers,
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
        let switches = query(&[
            ("stdout", true),
            ("stderr", true),
            ("follow", self.follow),
            ("timestamps", self.timestamps),
            ("details", self.details),
        ]);
        let mut path = format!(
            "/containers/{}/logs{switches}&tail={}",
            container.id,
            percent_encode(&self.tail)
        );
        for (name, value) in [("since", &self.since), ("until", &self.until)] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                let time = time::parse(value).map_err(|why| {
                    CliError::failed(format!("invalid value for \"{name}\": {why}"))
                })?;
                path.push_str(&format!("&{name}={time}"));
            }
        }
        let body = BodyReader::new(docker.request(Method::GET, &path, Body::empty()).await?);
        if container.config.tty {
            stream::copy(body).await?
        } else {
            stream::split(body).await?
        }
        Ok(0)
    }
}
