//! `docker volume ls`.

use std::collections::BTreeMap;

use clap::Args;
use serde::Deserialize;

use super::show;
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
        size,
    },
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

/// A volume as lists have it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Volume {
    name: String,
    driver: String,
    #[serde(default)]
    mountpoint: String,
    #[serde(default)]
    scope: String,
    labels: Option<BTreeMap<String, String>>,
    usage_data: Option<UsageData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UsageData {
    size: i64,
    ref_count: i64,
}

/// What `docker volume ls` can show.
pub const SHAPE: Shape = Shape {
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
    /// How many containers have it.
    #[must_use]
    pub fn links(&self) -> i64 {
        self.usage_data.as_ref().map_or(0, |usage| usage.ref_count)
    }

    /// Its bytes, as far as they are known.
    #[must_use]
    pub fn bytes(&self) -> i64 {
        self.usage_data
            .as_ref()
            .map_or(0, |usage| usage.size.max(0))
    }

    /// The volume as a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let usage = self.usage_data.as_ref();
        let or_unknown = |known: Option<String>| known.unwrap_or_else(|| "N/A".into());
        let links = usage.map(|usage| usage.ref_count.to_string());
        let size = usage.map(|usage| size::long(usage.size.max(0)));
        vec![
            ("Name", text(self.name.as_str())),
            ("Driver", text(self.driver.as_str())),
            ("Scope", text(self.scope.as_str())),
            ("Mountpoint", text(self.mountpoint.as_str())),
            ("Labels", text(labels(self.labels.as_ref()))),
            ("Label", list::label(self.labels.as_ref())),
            ("Links", text(or_unknown(links))),
            ("Size", text(or_unknown(size))),
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
        let path = with_filters("/volumes", &self.filter);
        let answer: Answer = docker.get(&path).await?;
        let mut volumes = answer.volumes.unwrap_or_default();
        volumes.sort_by(|a, b| a.name.cmp(&b.name));
        let format = config::format_or(&self.format, &docker.config().volumes_format);
        let rows: Vec<Row> = volumes.iter().map(Volume::row).collect();
        let defaults = Defaults {
            table: "{{.Driver}}\t{{.Name}}",
            quiet: "{{.Name}}",
            is_quiet: self.quiet,
        };
        show::rows(&SHAPE, format, defaults, &rows)
    }
}
