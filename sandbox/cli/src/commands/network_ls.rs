//! `docker network ls`.

use std::collections::BTreeMap;

use clap::Args;
use serde::Deserialize;

use super::{show, volume_ls::labels};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config,
    docker::Docker,
    error::CliError,
    flags::{
        LIST_FORMAT,
        values::{filter, with_filters},
    },
    text::{
        list::{self, Defaults, Row, Shape, text},
        quote::short_id,
        time,
    },
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
    #[serde(default, rename = "EnableIPv4")]
    ipv4: bool,
    #[serde(default, rename = "EnableIPv6")]
    ipv6: bool,
    #[serde(default)]
    created: String,
    labels: Option<BTreeMap<String, String>>,
}

const SHAPE: Shape = Shape {
    fields: &[
        ("ID", "NETWORK ID"),
        ("Name", "NAME"),
        ("Driver", "DRIVER"),
        ("Scope", "SCOPE"),
        ("IPv4", "IPV4"),
        ("IPv6", "IPV6"),
        ("Internal", "INTERNAL"),
        ("Labels", "LABELS"),
        ("CreatedAt", "CREATED AT"),
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
        let path = with_filters("/networks", &self.filter);
        let mut networks: Vec<Network> = docker.get(&path).await?;
        networks.sort_by(|a, b| a.name.cmp(&b.name));
        let id = |network: &Network| match self.no_trunc {
            true => network.id.clone(),
            false => short_id(&network.id).to_owned(),
        };
        let rows: Vec<Row> = networks
            .iter()
            .map(|network| {
                vec![
                    ("ID", text(id(network))),
                    ("Name", text(network.name.as_str())),
                    ("Driver", text(network.driver.as_str())),
                    ("Scope", text(network.scope.as_str())),
                    ("IPv4", text(network.ipv4.to_string())),
                    ("IPv6", text(network.ipv6.to_string())),
                    ("Internal", text(network.internal.to_string())),
                    ("Labels", text(labels(network.labels.as_ref()))),
                    ("Label", list::label(network.labels.as_ref())),
                    ("CreatedAt", text(time::go(&network.created))),
                ]
            })
            .collect();
        let format = config::format_or(&self.format, &docker.config().networks_format);
        let defaults = Defaults {
            table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
            quiet: "{{.ID}}",
            is_quiet: self.quiet,
        };
        show::rows(&SHAPE, format, defaults, &rows)
    }
}
