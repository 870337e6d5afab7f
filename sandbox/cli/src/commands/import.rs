//! `docker import`.

use std::io;

use clap::Args;
use drydock_api::client::percent_encode;

use super::reference;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    progress::{Display, Messages},
    tty::Output,
    upload::{self, Upload},
};

/// `docker import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Apply Dockerfile instruction to the created image
    #[arg(short, long, value_name = "list")]
    change: Vec<String>,
    /// Set commit message for imported image
    #[arg(short, long, value_name = "string", default_value = "")]
    message: String,
    /// Set platform if server is multi-platform capable
    #[arg(long, value_name = "string")]
    platform: Option<String>,
    arguments: Vec<String>,
}

impl Command for Import {
    const WORDS: Words = Words {
        spellings: &["import", "image import"],
        about: "Import the contents from a tarball to create a filesystem image",
        usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
        arity: Arity::AtLeast(1),
        names: Names::Files,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let source = self.arguments[0].as_str();
        let is_url = source.starts_with("http://") || source.starts_with("https://");
        let (from, tar) = match is_url {
            true => (source, Box::new(io::empty()) as Box<dyn io::Read + Send>),
            false => ("-", upload::open(source)?),
        };
        let path = format!("/images/create?{}", self.query(from)?);
        let (response, upload) = Upload::post(&docker, &path, source, tar).await?;
        match Display::new(Output::Stdout)
            .all(Messages::new(response))
            .await
        {
            Ok(()) => Ok(0),
            Err(error) => Err(upload.blame(error).await),
        }
    }
}

impl Import {
    fn query(&self, from: &str) -> Result<String, CliError> {
        let mut query = vec![("fromSrc", from), ("message", &self.message)];
        if let Some(name) = self.arguments.get(1).filter(|name| !name.is_empty()) {
            reference::parse(name).map_err(CliError::failed)?;
            query.push(("repo", name));
        }
        query.extend(self.platform.iter().map(|text| ("platform", text.as_str())));
        query.extend(self.change.iter().map(|text| ("changes", text.as_str())));
        let pairs = query
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encode(value)));
        Ok(pairs.collect::<Vec<_>>().join("&"))
    }
}
