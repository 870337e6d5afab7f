//! `docker context rm`.

use clap::Args;

use super::each::conclude;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config_file::ConfigFile,
    context_store::{ContextStore, DEFAULT},
    docker::Docker,
    error::CliError,
    tty,
};

/// `docker context rm`.
#[derive(Debug, Args)]
pub struct ContextRm {
    /// Force the removal of a context in use
    #[arg(short, long)]
    force: bool,
    arguments: Vec<String>,
}

impl Command for ContextRm {
    const WORDS: Words = Words {
        spellings: &["context rm", "context remove"],
        about: "Remove one or more contexts",
        usage: "CONTEXT [CONTEXT...]",
        arity: Arity::AtLeast(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let store = ContextStore::new(docker.config_directory());
        let mut failures = Vec::new();
        for name in &self.arguments {
            match self.remove(&docker, &store, name) {
                Ok(()) => tty::print(&format!("{name}\n"))?,
                Err(error) => failures.extend(error.words()),
            }
        }
        conclude(failures)
    }
}

impl ContextRm {
    fn remove(&self, docker: &Docker, store: &ContextStore, name: &str) -> Result<(), CliError> {
        let refuse = |why: &str| Err(CliError::failed(format!("context \"{name}\" {why}")));
        if name == DEFAULT {
            return refuse("cannot be removed");
        }
        if !self.force && !store.has(name) {
            return refuse("does not exist");
        }
        if name == docker.context() {
            if !self.force {
                return refuse("is in use, set -f flag to force remove");
            }
            ConfigFile::load(docker.config_directory())?.use_context(None)?;
        }
        store
            .forget(name)
            .map_err(|error| CliError::io("could not remove the context", error))
    }
}
