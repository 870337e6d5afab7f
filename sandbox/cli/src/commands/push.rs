//! `docker push`.

use clap::Args;
use drydock_api::client::percent_encode;
use http::Method;

use super::reference;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config_file::ConfigFile,
    docker::{Docker, segment},
    error::CliError,
    progress::{Display, Messages, failure},
    tty::{self, Output},
};

/// `docker push`.
#[derive(Debug, Args)]
pub struct Push {
    /// Push all tags of an image to the repository
    #[arg(short, long)]
    all_tags: bool,
    /// Skip image signing
    #[arg(long, default_value = "true")]
    disable_content_trust: bool,
    /// Push a platform-specific manifest as a single-platform image to the registry.
    #[arg(long, value_name = "string")]
    platform: Option<String>,
    /// Suppress verbose output
    #[arg(short, long)]
    quiet: bool,
    arguments: Vec<String>,
}

impl Command for Push {
    const WORDS: Words = Words {
        spellings: &["push", "image push"],
        about: "Upload an image to a registry",
        usage: "[OPTIONS] NAME[:TAG]",
        arity: Arity::Exactly(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let name = reference::parse(&self.arguments[0]).map_err(CliError::failed)?;
        let named = name.tag().is_some() || name.digest().is_some();
        if name.digest().is_some() {
            return Err(CliError::failed("cannot push a digest reference"));
        }
        if self.all_tags && named {
            return Err(CliError::failed("tag can't be used with --all-tags/-a"));
        }
        if !named && !self.all_tags && !self.quiet {
            tty::print("Using default tag: latest\n")?;
        }
        let mut path = format!("/images/{}/push", segment(name.repository()));
        if !self.all_tags {
            let tag = name.tag().unwrap_or("latest");
            path.push_str(&format!("?tag={}", percent_encode(tag)));
        }
        let header = ConfigFile::load(docker.config_directory())?.header(&name);
        let response = docker.request_as(Method::POST, &path, &header).await?;
        let mut messages = Messages::new(response);
        if !self.quiet {
            Display::new(Output::Stdout).all(messages).await?;
            return Ok(0);
        }
        while let Some(message) = messages.next().await? {
            if let Some(error) = failure(&message) {
                return Err(error);
            }
        }
        let shown = if self.all_tags {
            name
        } else {
            name.with_default_tag()
        };
        tty::print(&format!("{}\n", reference::full(&shown)))?;
        Ok(0)
    }
}
