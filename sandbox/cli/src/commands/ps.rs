//! `docker ps`.

use std::collections::BTreeMap;

use clap::Args;
use drydock_api::client::percent_encode;
use gotmpl::Value;
use serde::Deserialize;

use super::{
    port_list::{PortSummary, display},
    volume_ls::labels,
};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::{
        LIST_FORMAT,
        values::{filter, filters_json, integer},
    },
    text::{
        list::{self, Row, Shape, text},
        quote::{ellipsis, quote, short_id},
        size, time,
    },
    tty,
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkSettings {
    networks: Option<BTreeMap<String, serde::de::IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct MountPoint {
    name: String,
    source: String,
    driver: String,
}

const SHAPE: Shape = Shape {
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
        let containers: Vec<Container> = docker.get(&self.path()).await?;
        if self.quiet && self.format.is_empty() {
            let ids: String = containers
                .iter()
                .map(|c| format!("{}\n", self.id(c)))
                .collect();
            tty::print(&ids)?;
            return Ok(0);
        }
        let rows: Vec<Row> = containers
            .iter()
            .map(|container| self.row(container))
            .collect();
        let default = if self.size {
            format!("{TABLE}\t{{{{.Size}}}}")
        } else {
            TABLE.to_owned()
        };
        tty::print(&list::write(&SHAPE, &self.format, &default, &rows).map_err(CliError::failed)?)?;
        Ok(0)
    }
}

impl Ps {
    fn path(&self) -> String {
        let limit = if self.latest && self.last < 0 {
            1
        } else {
            self.last
        };
        let mut path = format!("/containers/json?all={}", u8::from(self.all));
        if limit > 0 {
            path.push_str(&format!("&limit={limit}"));
        }
        if self.size || self.format.contains(".Size") || self.format.contains("json .}") {
            path.push_str("&size=1");
        }
        if !self.filter.is_empty() {
            path.push_str(&format!(
                "&filters={}",
                percent_encode(&filters_json(&self.filter))
            ));
        }
        path
    }

    fn id(&self, container: &Container) -> String {
        if self.no_trunc {
            container.id.clone()
        } else {
            short_id(&container.id).to_owned()
        }
    }

    fn row(&self, container: &Container) -> Row {
        let names = container
            .names
            .iter()
            .flatten()
            .map(|name| name.trim_start_matches('/'));
        // A name with a slash is a link's, not the container's own.
        let names: Vec<&str> = names
            .filter(|name| self.no_trunc || !name.contains('/'))
            .collect();
        let mounts = container.mounts.as_deref().unwrap_or_default();
        let networks = container
            .network_settings
            .iter()
            .filter_map(|settings| settings.networks.as_ref())
            .flatten();
        vec![
            ("ID", text(self.id(container))),
            ("Names", text(names.join(","))),
            ("Image", text(self.image(container))),
            ("Command", text(quote(&self.cut(&container.command, 20)))),
            ("CreatedAt", text(time::created_at(container.created))),
            ("RunningFor", text(time::since(container.created))),
            ("Platform", Value::Nil),
            (
                "Ports",
                text(display(container.ports.as_deref().unwrap_or_default())),
            ),
            ("State", text(container.state.as_str())),
            ("Status", text(container.status.as_str())),
            ("Size", text(sizes(container))),
            ("Labels", text(labels(container.labels.as_ref()))),
            (
                "Mounts",
                text(
                    mounts
                        .iter()
                        .map(|mount| self.mount(mount))
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

    fn cut(&self, text: &str, width: usize) -> String {
        if self.no_trunc {
            text.to_owned()
        } else {
            ellipsis(text, width)
        }
    }

    fn image(&self, container: &Container) -> String {
        match container.image.as_str() {
            "" => "<no image>".into(),
            image if !self.no_trunc && short_id(image) == short_id(&container.image_id) => {
                short_id(image).into()
            }
            image => image
                .split_once('@')
                .filter(|_| !self.no_trunc)
                .map_or(image, |(name, _)| name)
                .into(),
        }
    }

    fn mount(&self, mount: &MountPoint) -> String {
        self.cut(
            if mount.name.is_empty() {
                &mount.source
            } else {
                &mount.name
            },
            15,
        )
    }
}

fn sizes(container: &Container) -> String {
    let own = size::short(container.size_rw);
    match container.size_root_fs {
        0 => own,
        all => format!("{own} (virtual {})", size::short(all)),
    }
}
