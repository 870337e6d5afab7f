//! `docker build` with the classic builder: of an engine that has no other, or because `DOCKER_BUILDKIT=0`.

use std::{collections::BTreeMap, fs};

use clap::Args;
use drydock_api::client::{Body, percent_encode};
use http::{Method, Response};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::reference;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    context::{self, Source, pack},
    docker::Docker,
    error::CliError,
    flags::values::{boolean, bytes, env, integer, label},
    options::{env::labels, limits},
    progress::{Display, Messages, failure},
    text::size,
    tty::{self, Output},
};

/// `docker build`, the classic one.
#[derive(Debug, Args)]
pub struct ClassicBuild {
    /// Add a custom host-to-IP mapping ("host:ip")
    #[arg(long, value_name = "list")]
    pub(super) add_host: Vec<String>,
    /// Set build-time variables
    #[arg(long, value_name = "list", value_parser = env)]
    pub(super) build_arg: Vec<String>,
    /// Images to consider as cache sources
    #[arg(long, value_name = "strings", value_delimiter = ',')]
    pub(super) cache_from: Vec<String>,
    /// CPU shares (relative weight)
    #[arg(short, long, value_name = "int", value_parser = integer)]
    pub(super) cpu_shares: Option<i64>,
    /// Name of the Dockerfile (Default is "PATH/Dockerfile")
    #[arg(short, long, value_name = "string")]
    pub(super) file: Option<String>,
    /// Always remove intermediate containers
    #[arg(long)]
    pub(super) force_rm: bool,
    /// Write the image ID to the file
    #[arg(long, value_name = "string")]
    pub(super) iidfile: Option<String>,
    /// Set metadata for an image
    #[arg(long, value_name = "list", value_parser = label)]
    pub(super) label: Vec<String>,
    /// Memory limit
    #[arg(short, long, value_name = "bytes", value_parser = bytes)]
    pub(super) memory: Option<i64>,
    /// Set the networking mode for the RUN instructions during build (default "default")
    #[arg(long, value_name = "string")]
    pub(super) network: Option<String>,
    /// Do not use cache when building the image
    #[arg(long)]
    pub(super) no_cache: bool,
    /// Set platform if server is multi-platform capable
    #[arg(long, value_name = "string")]
    pub(super) platform: Option<String>,
    // Tutorials written for BuildKit set it; the output here is always plain.
    #[arg(long, hide = true)]
    pub(super) progress: Option<String>,
    /// Always attempt to pull a newer version of the image
    #[arg(long)]
    pub(super) pull: bool,
    /// Suppress the build output and print image ID on success
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Remove intermediate containers after a successful build (default true)
    #[arg(long, default_value = "true")]
    pub(super) rm: bool,
    /// Size of "/dev/shm"
    #[arg(long, value_name = "bytes", value_parser = bytes)]
    pub(super) shm_size: Option<i64>,
    /// Name and optionally a tag in the "name:tag" format
    #[arg(short, long, value_name = "list", value_parser = tag)]
    pub(super) tag: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        help = "Set the target build stage to build."
    )]
    pub(super) target: Option<String>,
    /// Ulimit options (default [])
    #[arg(long, value_name = "ulimit", value_parser = limits::ulimit)]
    pub(super) ulimit: Vec<Value>,
    pub(super) arguments: Vec<String>,
}

/// An image's name.
///
/// # Errors
/// Docker's words.
pub fn tag(text: &str) -> Result<String, String> {
    reference::parse(text).map(|_| text.to_owned())
}

/// Whether `DOCKER_BUILDKIT` asks for this builder.
///
/// # Errors
/// It is neither on nor off.
pub fn is_wanted() -> Result<bool, CliError> {
    match std::env::var("DOCKER_BUILDKIT") {
        Ok(text) if !text.is_empty() => boolean(&text).map(|on| !on).map_err(|why| {
            CliError::failed(format!(
                "DOCKER_BUILDKIT environment variable expects boolean value: {why}"
            ))
        }),
        _ => Ok(false),
    }
}

impl Command for ClassicBuild {
    const WORDS: Words = Words {
        spellings: &["build", "image build", "builder build"],
        about: "Build an image from a Dockerfile",
        usage: "[OPTIONS] PATH | URL | -",
        arity: Arity::Exactly(1),
        names: Names::Files,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let source =
            context::locate(&self.arguments[0], self.file.as_deref()).map_err(CliError::failed)?;
        let path = format!("/build?{}", self.query(&source)?);
        let response = self.send(&docker, source, &path).await?;
        self.show(Messages::new(response)).await
    }
}

impl ClassicBuild {
    async fn send(
        &self,
        docker: &Docker,
        source: Source,
        path: &str,
    ) -> Result<Response<Incoming>, CliError> {
        let (sender, body) = Body::channel(8, "application/x-tar");
        let packing = tokio::task::spawn_blocking(move || pack::send(source, sender));
        let answer = docker.request(Method::POST, path, body).await;
        // An unreachable engine leaves the context unread: there is nothing to wait for then.
        if matches!(&answer, Err(CliError::Engine { error, .. }) if error.status().is_none())
            && !packing.is_finished()
        {
            return answer;
        }
        let sent = packing
            .await
            .map_err(|panic| CliError::failed(panic.to_string()))?
            .map_err(CliError::failed)?;
        if !self.quiet {
            let sent = size::long(i64::try_from(sent).unwrap_or(i64::MAX));
            tty::print(&format!(
                "Sending build context to Docker daemon {sent:>8}\r\r\n"
            ))?;
        }
        answer
    }

    /// Shows the build; with `-q` only the image's id, and everything when it fails.
    async fn show(&self, mut messages: Messages) -> Result<Exit, CliError> {
        let mut display = Display::new(Output::Stdout);
        let mut quiet = String::new();
        while let Some(message) = messages.next().await? {
            if let Some(error) = failure(&message) {
                if self.quiet {
                    Output::Stderr.write(quiet.as_bytes())?;
                }
                return Err(error);
            }
            if let (Some(path), Some(id)) = (
                &self.iidfile,
                message.aux.as_ref().and_then(|aux| aux["ID"].as_str()),
            ) {
                fs::write(path, id)
                    .map_err(|source| CliError::io(format!("open {path}"), source))?;
            }
            let text = display.line(&message);
            if self.quiet {
                quiet.push_str(&text);
            } else {
                Output::Stdout.write(text.as_bytes())?;
            }
        }
        if let Some(path) = self.iidfile.as_ref().filter(|_| !quiet.is_empty()) {
            // With the end of its line, as Docker's client writes it.
            fs::write(path, &quiet)
                .map_err(|source| CliError::io(format!("open {path}"), source))?;
        }
        tty::print(&quiet)?;
        Ok(0)
    }

    fn query(&self, source: &Source) -> Result<String, CliError> {
        let mut query: Vec<(&str, String)> = Vec::new();
        let dockerfile = match source {
            Source::Directory { dockerfile, .. } => Some(dockerfile),
            Source::Archive { dockerfile, .. } => dockerfile.as_ref(),
            Source::Dockerfile(_) => None,
        };
        query.extend(dockerfile.map(|path| ("dockerfile", path.clone())));
        query.extend(self.tag.iter().map(|tag| ("t", tag.clone())));
        for (name, on) in [
            ("q", self.quiet),
            ("nocache", self.no_cache),
            ("forcerm", self.force_rm),
            ("pull", self.pull),
        ] {
            if on {
                query.push((name, "1".into()));
            }
        }
        query.push(("rm", u8::from(self.rm).to_string()));
        let numbers = [
            ("memory", self.memory),
            ("cpushares", self.cpu_shares),
            ("shmsize", self.shm_size),
        ];
        query.extend(
            numbers
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?.to_string()))),
        );
        let texts = [
            ("target", &self.target),
            ("networkmode", &self.network),
            ("platform", &self.platform),
        ];
        query.extend(
            texts
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.clone()?))),
        );
        query.extend(
            self.add_host
                .iter()
                .map(|host| ("extrahosts", host.clone())),
        );
        let labels = labels(&[], &self.label).map_err(CliError::failed)?;
        let documents = [
            (
                "buildargs",
                json!(self.build_args()),
                self.build_arg.is_empty(),
            ),
            ("labels", json!(labels), labels.is_empty()),
            (
                "cachefrom",
                json!(self.cache_from),
                self.cache_from.is_empty(),
            ),
            ("ulimits", json!(self.ulimit), self.ulimit.is_empty()),
        ];
        query.extend(
            documents
                .into_iter()
                .filter(|(.., empty)| !empty)
                .map(|(name, json, _)| (name, json.to_string())),
        );
        let pairs: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encode(value)))
            .collect();
        Ok(pairs.join("&"))
    }

    /// A build argument without a value takes the one it has here, or none.
    fn build_args(&self) -> BTreeMap<&str, Option<String>> {
        self.build_arg
            .iter()
            .map(|arg| match arg.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (arg.as_str(), std::env::var(arg).ok()),
            })
            .collect()
    }
}
