//! `docker volume rm`.

use clap::Args;
use http::Method;

use super::each::conclude;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, query, segment},
    error::CliError,
    tty,
};

/// `docker volume rm`.
#[derive(Debug, Args)]
pub struct VolumeRm {
    /// Force the removal of one or more volumes
    #[arg(short, long)]
    force: bool,
    arguments: Vec<String>,
}

impl Command for VolumeRm {
    const WORDS: Words = Words {
        spellings: &["volume rm", "volume remove"],
        about: "Remove one or more volumes",
        usage: "[OPTIONS] VOLUME [VOLUME...]",
        arity: Arity::AtLeast(1),
        names: Names::Volumes,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut failures = Vec::new();
        for name in &self.arguments {
            if name.is_empty() {
                failures.push("invalid volume name or ID: value is empty".into());
                continue;
            }
            let query = query(&[("force", self.force)]);
            let path = format!("/volumes/{}{query}", segment(name));
            match docker.call(Method::DELETE, &path).await {
                Ok(()) => tty::print(&format!("{name}\n"))?,
                Err(error) => failures.extend(error.words()),
            }
        }
        conclude(failures)
    }
}
