//! `docker pull`, and pulling on the way to something else.

use clap::Args;
use drydock_api::client::percent_encode;
use drydock_spec::ImageRef;
use http::Method;

use super::reference;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config_file::ConfigFile,
    docker::Docker,
    error::CliError,
    progress::{Display, Messages, failure},
    tty::{self, Output},
};

/// `docker pull`.
#[derive(Debug, Args)]
pub struct Pull {
    /// Download all tagged images in the repository
    #[arg(short, long)]
    all_tags: bool,
    /// Set platform if server is multi-platform capable
    #[arg(long, value_name = "string")]
    platform: Option<String>,
    /// Suppress verbose output
    #[arg(short, long)]
    quiet: bool,
    arguments: Vec<String>,
}

impl Command for Pull {
    const WORDS: Words = Words {
        spellings: &["pull", "image pull"],
        about: "Download an image from a registry",
        usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
        arity: Arity::Exactly(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let name = &self.arguments[0];
        let parsed = reference::parse(name).map_err(CliError::failed)?;
        let named = parsed.tag().is_some() || parsed.digest().is_some();
        if self.all_tags && named {
            return Err(CliError::failed("tag can't be used with --all-tags/-a"));
        }
        if !named && !self.all_tags && !self.quiet {
            tty::print("Using default tag: latest\n")?;
        }
        let wanted = if self.all_tags {
            parsed
        } else {
            parsed.with_default_tag()
        };
        let platform = self.platform.as_deref();
        bring(&docker, &wanted, platform, Output::Stdout, self.quiet).await?;
        tty::print(&format!("{}\n", reference::full(&wanted)))?;
        Ok(0)
    }
}

/// Pulls `name` and shows how it goes on `output`.
///
/// # Errors
/// When there is no such image, or it cannot be had.
pub async fn image(
    docker: &Docker,
    name: &str,
    platform: Option<&str>,
    output: Output,
    quiet: bool,
) -> Result<(), CliError> {
    let parsed = reference::parse(name).map_err(CliError::failed)?;
    bring(docker, &parsed.with_default_tag(), platform, output, quiet).await
}

/// Without a tag, all of them.
async fn bring(
    docker: &Docker,
    name: &ImageRef,
    platform: Option<&str>,
    output: Output,
    quiet: bool,
) -> Result<(), CliError> {
    let version = match (name.digest(), name.tag()) {
        (Some(digest), _) => digest.to_string(),
        (None, tag) => tag.unwrap_or_default().to_owned(),
    };
    let mut path = format!(
        "/images/create?fromImage={}&tag={}",
        percent_encode(name.repository()),
        percent_encode(&version)
    );
    if let Some(platform) = platform {
        path.push_str(&format!("&platform={}", percent_encode(platform)));
    }
    let header = ConfigFile::load(docker.config_directory())?.header(name);
    let mut messages = Messages::new(docker.request_as(Method::POST, &path, &header).await?);
    if !quiet {
        return Display::new(output).all(messages).await;
    }
    while let Some(message) = messages.next().await? {
        if let Some(error) = failure(&message) {
            return Err(error);
        }
    }
    Ok(())
}
