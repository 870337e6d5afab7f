//! `docker volume create`.

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::values::label,
    options::pairs,
    tty,
};

/// `docker volume create`.
#[derive(Debug, Args)]
pub struct VolumeCreate {
    /// Specify volume driver name (default "local")
    #[arg(short, long, value_name = "string", default_value = "local")]
    driver: String,
    /// Set metadata for a volume
    #[arg(long, value_name = "list", value_parser = label)]
    label: Vec<String>,
    #[arg(long, hide = true)]
    name: Option<String>,
    /// Set driver specific options (default map[])
    #[arg(short, long, value_name = "map")]
    opt: Vec<String>,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    name: String,
}

impl Command for VolumeCreate {
    const WORDS: Words = Words {
        spellings: &["volume create"],
        about: "Create a volume",
        usage: "[OPTIONS] [VOLUME]",
        arity: Arity::AtMost(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        if self.name.is_some() && !self.arguments.is_empty() {
            return Err(CliError::failed(
                "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
            ));
        }
        let name = self
            .arguments
            .into_iter()
            .next()
            .or(self.name)
            .unwrap_or_default();
        let mut request = json!({ "Driver": self.driver });
        if !name.is_empty() {
            request["Name"] = json!(name);
        }
        for (field, specs) in [("DriverOpts", &self.opt), ("Labels", &self.label)] {
            if !specs.is_empty() {
                request[field] = json!(pairs(specs));
            }
        }
        let created: Created = docker.post("/volumes/create", &request).await?;
        tty::print(&format!("{}\n", created.name))?;
        Ok(0)
    }
}
