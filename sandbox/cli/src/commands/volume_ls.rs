//! `docker volume ls`.

use std::collections::BTreeMap;

use clap::Args;
use drydock_api::client::percent_encode;
use serde::Deserialize;

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::{
        LIST_FORMAT,
        values::{filter, filters_json},
    },
    text::list::{self, Row, Shape, text},
    tty,
};

/// `docker volume ls`.
#[derive(Debug, Args)]
pub struct VolumeLs {
    /// Provide filter values (e.g. "dangling=true")
    #[arg(short, long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    #[arg(long, value_name = "string", help = LIST_FORMAT, default_value = "")]
    format: String,
    /// Only display volume names
    #[arg(short, long)]
    quiet: bool,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    volumes: Option<Vec<Volume>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Volume {
    name: String,
    driver: String,
    #[serde(default)]
    mountpoint: String,
    #[serde(default)]
    scope: String,
    labels: Option<BTreeMap<String, String>>,
}

const SHAPE: Shape = Shape {
    fields: &[
        ("Name", "VOLUME NAME"),
        ("Driver", "DRIVER"),
        ("Scope", "SCOPE"),
        ("Mountpoint", "MOUNTPOINT"),
        ("Labels", "LABELS"),
        ("Links", "LINKS"),
        ("Size", "SIZE"),
        ("Availability", "AVAILABILITY"),
        ("Group", "GROUP"),
        ("Status", "STATUS"),
    ],
    type_name: "*formatter.volumeContext",
};

impl Volume {
    fn row(&self) -> Row {
        vec![
            ("Name", text(self.name.as_str())),
            ("Driver", text(self.driver.as_str())),
            ("Scope", text(self.scope.as_str())),
            ("Mountpoint", text(self.mountpoint.as_str())),
            ("Labels", text(labels(self.labels.as_ref()))),
            ("Links", text("N/A")),
            ("Size", text("N/A")),
            ("Availability", text("N/A")),
            ("Group", text("N/A")),
            ("Status", text("N/A")),
        ]
    }
}

/// `a=1,b=2`.
#[must_use]
pub fn labels(labels: Option<&BTreeMap<String, String>>) -> String {
    labels
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join(",")
}

impl Command for VolumeLs {
    const WORDS: Words = Words {
        spellings: &["volume ls", "volume list"],
        about: "List volumes",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let path = format!(
            "/volumes?filters={}",
            percent_encode(&filters_json(&self.filter))
        );
        let answer: Answer = docker.get(&path).await?;
        let mut volumes = answer.volumes.unwrap_or_default();
        volumes.sort_by(|a, b| a.name.cmp(&b.name));
        if self.quiet && self.format.is_empty() {
            tty::print(
                &volumes
                    .iter()
                    .map(|volume| format!("{}\n", volume.name))
                    .collect::<String>(),
            )?;
            return Ok(0);
        }
        let rows: Vec<Row> = volumes.iter().map(Volume::row).collect();
        let out = list::write(&SHAPE, &self.format, "{{.Driver}}\t{{.Name}}", &rows)
            .map_err(CliError::failed)?;
        tty::print(&out)?;
        Ok(0)
    }
}
