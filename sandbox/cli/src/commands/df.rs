//! `docker system df`.

use clap::Args;
use serde::Deserialize;

use super::{df_verbose, images::Image, ps::Container, volume_ls::Volume};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::LIST_FORMAT,
    text::{
        list::{self, Defaults, Row, Shape, text},
        size,
    },
    tty,
};

/// `docker system df`.
#[derive(Debug, Args)]
pub struct SystemDf {
    #[arg(long, value_name = "string", help = LIST_FORMAT, default_value = "")]
    format: String,
    /// Show detailed information on space usage
    #[arg(short, long)]
    verbose: bool,
    arguments: Vec<String>,
}

/// What the engine says of its disk.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Usage {
    layers_size: i64,
    /// All images.
    pub images: Option<Vec<Image>>,
    /// All containers.
    pub containers: Option<Vec<Container>>,
    /// All volumes.
    pub volumes: Option<Vec<Volume>>,
    /// All steps of builds that are kept.
    pub build_cache: Option<Vec<CacheEntry>>,
}

/// A step of a build that is kept.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CacheEntry {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// What it holds.
    #[serde(rename = "Type")]
    pub kind: String,
    /// A container or another step needs it now.
    pub in_use: bool,
    /// An image has it too.
    pub shared: bool,
    /// Its bytes.
    pub size: i64,
    /// When it was made, in RFC 3339.
    pub created_at: String,
    /// When it was last used, in RFC 3339.
    pub last_used_at: Option<String>,
    /// How often it was used.
    pub usage_count: i64,
}

/// One line of the summary.
struct Line {
    kind: &'static str,
    total: usize,
    active: usize,
    size: i64,
    reclaimable: i64,
    percent: bool,
}

const SHAPE: Shape = Shape {
    fields: &[
        ("Type", "TYPE"),
        ("TotalCount", "TOTAL"),
        ("Active", "ACTIVE"),
        ("Size", "SIZE"),
        ("Reclaimable", "RECLAIMABLE"),
    ],
    type_name: "*formatter.diskUsageImagesContext",
};

impl Command for SystemDf {
    const WORDS: Words = Words {
        spellings: &["system df"],
        about: "Show docker disk usage",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut usage: Usage = docker.get("/system/df").await?;
        let out = if self.verbose {
            df_verbose::write(&mut usage, &self.format)
        } else {
            let defaults = Defaults {
                table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
                quiet: "",
                is_quiet: false,
            };
            let rows: Vec<Row> = usage.lines().iter().map(Line::row).collect();
            list::write(&SHAPE, &self.format, defaults, &rows)
        };
        tty::print(&out.map_err(CliError::failed)?)?;
        Ok(0)
    }
}

impl Usage {
    fn lines(&self) -> [Line; 4] {
        let images = self.images.as_deref().unwrap_or_default();
        let containers = self.containers.as_deref().unwrap_or_default();
        let volumes = self.volumes.as_deref().unwrap_or_default();
        let used_layers: i64 = images.iter().filter_map(Image::own_size_if_used).sum();
        let idle = containers.iter().filter(|container| !container.is_active());
        let unused = volumes.iter().filter(|volume| volume.links() == 0);
        let cache = self.build_cache.as_deref().unwrap_or_default();
        [
            Line {
                kind: "Images",
                total: images.len(),
                active: images.iter().filter(|image| image.is_used()).count(),
                size: self.layers_size,
                reclaimable: self.layers_size - used_layers,
                percent: true,
            },
            Line {
                kind: "Containers",
                total: containers.len(),
                active: containers.iter().filter(|c| c.is_active()).count(),
                size: containers.iter().map(Container::own_size).sum(),
                reclaimable: idle.map(Container::own_size).sum(),
                percent: true,
            },
            Line {
                kind: "Local Volumes",
                total: volumes.len(),
                active: volumes.iter().filter(|volume| volume.links() > 0).count(),
                size: volumes.iter().map(Volume::bytes).sum(),
                reclaimable: unused.map(Volume::bytes).sum(),
                percent: true,
            },
            Line {
                kind: "Build Cache",
                total: cache.len(),
                active: cache.iter().filter(|entry| entry.in_use).count(),
                size: own_bytes(cache, |_| true),
                reclaimable: own_bytes(cache, |entry| !entry.in_use),
                percent: false,
            },
        ]
    }
}

/// The bytes of entries that no image has too.
pub fn own_bytes(cache: &[CacheEntry], wanted: fn(&CacheEntry) -> bool) -> i64 {
    let own = cache.iter().filter(|entry| !entry.shared && wanted(entry));
    own.map(|entry| entry.size).sum()
}

impl Line {
    fn row(&self) -> Row {
        let reclaimable = size::long(self.reclaimable);
        let reclaimable = if self.percent && self.size > 0 {
            let percent = self.reclaimable.saturating_mul(100) / self.size;
            format!("{reclaimable} ({percent}%)")
        } else {
            reclaimable
        };
        vec![
            ("Type", text(self.kind)),
            ("TotalCount", text(self.total.to_string())),
            ("Active", text(self.active.to_string())),
            ("Size", text(size::long(self.size))),
            ("Reclaimable", text(reclaimable)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_uses_can_be_had_back() {
        let usage: Usage = serde_json::from_str(
            r#"{"LayersSize":100,"Images":[
                {"Id":"sha256:a","RepoTags":["a:1"],"Created":1,"Size":60,"SharedSize":0,"Containers":1},
                {"Id":"sha256:b","RepoTags":["b:1"],"Created":1,"Size":40,"SharedSize":0,"Containers":0}],
              "Containers":[],"Volumes":null,"BuildCache":null}"#,
        )
        .unwrap();
        let images = &usage.lines()[0];
        assert_eq!(
            (images.total, images.active, images.size, images.reclaimable),
            (2, 1, 100, 40)
        );
        assert_eq!(images.row()[4].1.to_string(), "40B (40%)");
    }
}
