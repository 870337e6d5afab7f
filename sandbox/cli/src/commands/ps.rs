//! `docker ps`.

use std::collections::BTreeMap;

use clap::Args;
use gotmpl::Value;
use serde::Deserialize;

use super::{
    port_list::{PortSummary, display},
    show,
    volume_ls::labels,
};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config,
    docker::{Docker, query},
    error::CliError,
    flags::{
        LIST_FORMAT,
        values::{filter, integer, with_filters},
    },
    text::{
        list::{self, Defaults, Row, Shape, text},
        quote::{ellipsis, quote, short_id},
        size,
        template::{Dialect, Document, Format},
        time,
    },
};

/// `docker ps`.
#[derive(Debug, Args)]
pub struct Ps {
    /// Show all containers (default shows just running)
    #[arg(short, long)]
    all: bool,
    /// Filter output based on conditions provided
    #[arg(short, long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    #[arg(long, value_name = "string", help = LIST_FORMAT, default_value = "")]
    format: String,
    /// Show n last created containers (includes all states) (default -1)
    #[arg(short = 'n', long, value_name = "int", value_parser = integer, default_value = "-1")]
    last: i64,
    /// Show the latest created container (includes all states)
    #[arg(short, long)]
    latest: bool,
    /// Don't truncate output
    #[arg(long)]
    no_trunc: bool,
    /// Only display container IDs
    #[arg(short, long)]
    quiet: bool,
    /// Display total file sizes
    #[arg(short, long)]
    size: bool,
    arguments: Vec<String>,
}

/// A container as lists have it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Container {
    id: String,
    names: Option<Vec<String>>,
    image: String,
    #[serde(rename = "ImageID", default)]
    image_id: String,
    command: String,
    created: i64,
    ports: Option<Vec<PortSummary>>,
    #[serde(default)]
    size_rw: i64,
    #[serde(default)]
    size_root_fs: i64,
    labels: Option<BTreeMap<String, String>>,
    state: String,
    status: String,
    network_settings: Option<NetworkSettings>,
    mounts: Option<Vec<MountPoint>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkSettings {
    networks: Option<BTreeMap<String, serde::de::IgnoredAny>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct MountPoint {
    name: String,
    source: String,
    driver: String,
}

/// What `docker ps` can show.
pub const SHAPE: Shape = Shape {
    fields: &[
        ("ID", "CONTAINER ID"),
        ("Names", "NAMES"),
        ("Image", "IMAGE"),
        ("Command", "COMMAND"),
        ("CreatedAt", "CREATED AT"),
        ("RunningFor", "CREATED"),
        ("Platform", "PLATFORM"),
        ("Ports", "PORTS"),
        ("State", "STATE"),
        ("Status", "STATUS"),
        ("Size", "SIZE"),
        ("Labels", "LABELS"),
        ("Mounts", "MOUNTS"),
        ("LocalVolumes", "LOCAL VOLUMES"),
        ("Networks", "NETWORKS"),
    ],
    type_name: "*formatter.ContainerContext",
};

/// `--format raw`: a field a line, and an empty line after each container.
const RAW: &str = "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\nstate: {{.State}}\nstatus: {{.Status}}\nnames: {{.Names}}\nlabels:{{if .Labels}} {{.Labels}}{{end}}\nports:{{if .Ports}} {{.Ports}}{{end}}\n";

const TABLE: &str =
    "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

impl Command for Ps {
    const WORDS: Words = Words {
        spellings: &["ps", "container ls", "container list", "container ps"],
        about: "List containers",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let format = config::format_or(&self.format, &docker.config().ps_format).to_owned();
        self.try_format(&format).map_err(CliError::failed)?;
        let containers: Vec<Container> = docker.get(&self.path(&format)).await?;
        let rows: Vec<Row> = containers
            .iter()
            .map(|container| container.row(self.no_trunc))
            .collect();
        let size = if self.size { "\t{{.Size}}" } else { "" };
        let defaults = Defaults {
            table: &format!("{TABLE}{size}"),
            quiet: "{{.ID}}",
            is_quiet: self.quiet,
        };
        // A table of the user's own gets the column too.
        let format = match format.strip_prefix("table") {
            Some(own) if !own.is_empty() => format!("{format}{size}"),
            _ if format == "raw" && self.quiet => "container_id: {{.ID}}".into(),
            _ if format == "raw" && self.size => format!("{RAW}size: {{{{.Size}}}}\n"),
            _ if format == "raw" => RAW.into(),
            _ => format,
        };
        show::rows(&SHAPE, &format, defaults, &rows)
    }
}

impl Ps {
    /// Docker fills the template in once before it asks the engine, to see whether sizes are wanted.
    fn try_format(&self, format: &str) -> Result<(), String> {
        if matches!(format, "" | "table" | "json") {
            return Ok(());
        }
        let dialect = Dialect {
            type_name: Some(SHAPE.type_name),
            ..Dialect::default()
        };
        let template = Format::parse(format, dialect)
            .map_err(|why| format!("failed to parse template: {why}"))?;
        let row = Container::default().row(self.no_trunc);
        template
            .render(&Document::row(&row))
            .map(drop)
            .map_err(|why| format!("failed to execute template: {why}"))
    }

    fn path(&self, format: &str) -> String {
        let limit = if self.latest && self.last < 0 {
            1
        } else {
            self.last
        };
        let sizes = self.size || format.contains(".Size") || format.contains("json .}");
        let mut path = query(&[("all", self.all), ("size", sizes)]);
        if limit > 0 {
            let mark = if path.is_empty() { '?' } else { '&' };
            path.push_str(&format!("{mark}limit={limit}"));
        }
        with_filters(&format!("/containers/json{path}"), &self.filter)
    }
}

impl Container {
    /// The container as a row, its texts cut to what a table has room for or not.
    #[must_use]
    pub fn row(&self, no_trunc: bool) -> Row {
        let names = self
            .names
            .iter()
            .flatten()
            .map(|name| name.trim_start_matches('/'));
        // A name with a slash is a link's, not the container's own.
        let names: Vec<&str> = names
            .filter(|name| no_trunc || !name.contains('/'))
            .collect();
        let mounts = self.mounts.as_deref().unwrap_or_default();
        let networks = self
            .network_settings
            .iter()
            .filter_map(|settings| settings.networks.as_ref())
            .flatten();
        vec![
            (
                "ID",
                text(if no_trunc {
                    self.id.as_str()
                } else {
                    short_id(&self.id)
                }),
            ),
            ("Names", text(names.join(","))),
            ("Image", text(self.image(no_trunc))),
            ("Command", text(quote(&cut(&self.command, 20, no_trunc)))),
            ("CreatedAt", text(time::created_at(self.created))),
            ("RunningFor", text(time::since(self.created))),
            ("Platform", Value::Nil),
            (
                "Ports",
                text(display(self.ports.as_deref().unwrap_or_default())),
            ),
            ("State", text(self.state.as_str())),
            ("Status", text(self.status.as_str())),
            ("Size", text(self.sizes())),
            ("Labels", text(labels(self.labels.as_ref()))),
            ("Label", list::label(self.labels.as_ref())),
            (
                "Mounts",
                text(
                    mounts
                        .iter()
                        .map(|mount| mount.shown(no_trunc))
                        .collect::<Vec<_>>()
                        .join(","),
                ),
            ),
            (
                "LocalVolumes",
                text(
                    mounts
                        .iter()
                        .filter(|mount| mount.driver == "local")
                        .count()
                        .to_string(),
                ),
            ),
            (
                "Networks",
                text(
                    networks
                        .map(|(name, _)| name.as_str())
                        .collect::<Vec<_>>()
                        .join(","),
                ),
            ),
        ]
    }

    /// The row with the size of the container's own files alone.
    #[must_use]
    pub fn own_row(&mut self, no_trunc: bool) -> Row {
        self.size_root_fs = 0;
        self.row(no_trunc)
    }

    /// Its id, short.
    #[must_use]
    pub fn short_id(&self) -> &str {
        short_id(&self.id)
    }

    /// It has processes, or will have again.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.state.as_str(), "running" | "paused" | "restarting")
    }

    /// The bytes of its own files.
    #[must_use]
    pub fn own_size(&self) -> i64 {
        self.size_rw
    }

    fn image(&self, no_trunc: bool) -> String {
        match self.image.as_str() {
            "" => "<no image>".into(),
            image if !no_trunc && short_id(image) == short_id(&self.image_id) => {
                short_id(image).into()
            }
            image => image
                .split_once('@')
                .filter(|_| !no_trunc)
                .map_or(image, |(name, _)| name)
                .into(),
        }
    }

    fn sizes(&self) -> String {
        let own = size::short(self.size_rw);
        match self.size_root_fs {
            0 => own,
            all => format!("{own} (virtual {})", size::short(all)),
        }
    }
}

impl MountPoint {
    fn shown(&self, no_trunc: bool) -> String {
        let name = if self.name.is_empty() {
            &self.source
        } else {
            &self.name
        };
        cut(name, 15, no_trunc)
    }
}

fn cut(text: &str, width: usize, no_trunc: bool) -> String {
    if no_trunc {
        text.to_owned()
    } else {
        ellipsis(text, width)
    }
}
