//! `docker port`.

use std::collections::BTreeMap;

use clap::Args;
use serde::Deserialize;

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment},
    error::CliError,
    flags::values::uint16,
    tty,
};

/// `docker port`.
#[derive(Debug, Args)]
pub struct Port {
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    network_settings: NetworkSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkSettings {
    #[serde(default)]
    ports: Option<BTreeMap<String, Option<Vec<Binding>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Binding {
    host_ip: String,
    host_port: String,
}

impl Binding {
    fn address(&self) -> String {
        if self.host_ip.contains(':') {
            format!("[{}]:{}", self.host_ip, self.host_port)
        } else {
            format!("{}:{}", self.host_ip, self.host_port)
        }
    }
}

impl Command for Port {
    const WORDS: Words = Words {
        spellings: &["port", "container port"],
        about: "List port mappings or a specific mapping for the container",
        usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
        arity: Arity::Between(1, 2),
        names: Names::Running,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let name = &self.arguments[0];
        let found: Inspected = docker
            .get(&format!("/containers/{}/json", container_segment(name)))
            .await?;
        let ports = found.network_settings.ports.unwrap_or_default();
        let mut out = String::new();
        if let Some(wanted) = self.arguments.get(1).filter(|port| !port.is_empty()) {
            let (number, protocol) = wanted.split_once('/').unwrap_or((wanted, "tcp"));
            uint16(number).map_err(|why| {
                CliError::failed(format!("Error: invalid port ({number}): {why}"))
            })?;
            let key = format!("{number}/{protocol}");
            let bindings = ports
                .get(&key)
                .and_then(Option::as_ref)
                .filter(|bindings| !bindings.is_empty());
            let Some(bindings) = bindings else {
                return Err(CliError::failed(format!(
                    "Error: No public port '{wanted}' published for {name}"
                )));
            };
            bindings
                .iter()
                .for_each(|binding| out.push_str(&format!("{}\n", binding.address())));
        } else {
            for (port, bindings) in &ports {
                for binding in bindings.iter().flatten() {
                    out.push_str(&format!("{port} -> {}\n", binding.address()));
                }
            }
        }
        tty::print(&out)?;
        Ok(0)
    }
}
