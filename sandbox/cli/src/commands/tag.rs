//! `docker tag`.

use clap::Args;
use drydock_api::client::percent_encode;
use http::Method;

use super::reference;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, segment},
    error::CliError,
};

/// `docker tag`.
#[derive(Debug, Args)]
pub struct Tag {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Command for Tag {
    const WORDS: Words = Words {
        spellings: &["tag", "image tag"],
        about: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
        usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
        arity: Arity::Exactly(2),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let (source, target) = (&self.arguments[0], &self.arguments[1]);
        let parsed = reference::parse(target).map_err(|why| {
            CliError::failed(format!(
                "Error parsing reference: \"{target}\" is not a valid repository/tag: {why}"
            ))
        })?;
        if parsed.digest().is_some() {
            return Err(CliError::failed(
                "refusing to create a tag with a digest reference",
            ));
        }
        let path = format!(
            "/images/{}/tag?repo={}&tag={}",
            segment(source),
            percent_encode(parsed.repository()),
            parsed.tag_or_latest().unwrap_or("latest")
        );
        docker.call(Method::POST, &path).await?;
        Ok(0)
    }
}
