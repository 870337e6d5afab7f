//! `docker network ls`.

use std::collections::BTreeMap;

use clap::Args;
use drydock_api::client::percent_encode;
use serde::Deserialize;

use super::volume_ls::labels;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::{
        LIST_FORMAT,
        values::{filter, filters_json},
    },
    text::{
        list::{self, Row, Shape, text},
        quote::short_id,
    },
    tty,
};

/// `docker network ls`.
#[derive(Debug, Args)]
pub struct NetworkLs {
    /// Provide filter values (e.g. "driver=bridge")
    #[arg(short, long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    #[arg(long, value_name = "string", help = LIST_FORMAT, default_value = "")]
    format: String,
    /// Do not truncate the output
    #[arg(long)]
    no_trunc: bool,
    /// Only display network IDs
    #[arg(short, long)]
    quiet: bool,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    name: String,
    id: String,
    #[serde(default)]
    driver: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    internal: bool,
    #[serde(default, rename = "EnableIPv6")]
    ipv6: bool,
    labels: Option<BTreeMap<String, String>>,
}

const SHAPE: Shape = Shape {
    fields: &[
        ("ID", "NETWORK ID"),
        ("Name", "NAME"),
        ("Driver", "DRIVER"),
        ("Scope", "SCOPE"),
        ("IPv6", "IPV6"),
        ("Internal", "INTERNAL"),
        ("Labels", "LABELS"),
    ],
    type_name: "*network.networkContext",
};

impl Command for NetworkLs {
    const WORDS: Words = Words {
        spellings: &["network ls", "network list"],
        about: "List networks",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let path = format!(
            "/networks?filters={}",
            percent_encode(&filters_json(&self.filter))
        );
        let mut networks: Vec<Network> = docker.get(&path).await?;
        networks.sort_by(|a, b| a.name.cmp(&b.name));
        let id = |network: &Network| match self.no_trunc {
            true => network.id.clone(),
            false => short_id(&network.id).to_owned(),
        };
        if self.quiet && self.format.is_empty() {
            tty::print(
                &networks
                    .iter()
                    .map(|network| format!("{}\n", id(network)))
                    .collect::<String>(),
            )?;
            return Ok(0);
        }
        let rows: Vec<Row> = networks
            .iter()
            .map(|network| {
                vec![
                    ("ID", text(id(network))),
                    ("Name", text(network.name.as_str())),
                    ("Driver", text(network.driver.as_str())),
                    ("Scope", text(network.scope.as_str())),
                    ("IPv6", text(network.ipv6.to_string())),
                    ("Internal", text(network.internal.to_string())),
                    ("Labels", text(labels(network.labels.as_ref()))),
                ]
            })
            .collect();
        let default = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}";
        tty::print(&list::write(&SHAPE, &self.format, default, &rows).map_err(CliError::failed)?)?;
        Ok(0)
    }
}
