//! `docker images`.

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
    text::{
        list::{self, Row, Shape, text},
        quote::short_id,
        size, time,
    },
    tty,
};

/// `docker images`.
#[derive(Debug, Args)]
pub struct Images {
    /// Show all images (default hides intermediate images)
    #[arg(short, long)]
    all: bool,
    /// Show digests
    #[arg(long)]
    digests: bool,
    /// Filter output based on conditions provided
    #[arg(short, long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    #[arg(long, value_name = "string", help = LIST_FORMAT, default_value = "")]
    format: String,
    /// Don't truncate output
    #[arg(long)]
    no_trunc: bool,
    /// Only show image IDs
    #[arg(short, long)]
    quiet: bool,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
    created: i64,
    size: i64,
    #[serde(default = "unknown")]
    shared_size: i64,
    #[serde(default = "unknown")]
    containers: i64,
}

const fn unknown() -> i64 {
    -1
}

/// One line: a name of an image.
struct Line<'a> {
    image: &'a Image,
    repository: &'a str,
    tag: &'a str,
    digest: &'a str,
}

const NONE: &str = "<none>";

const SHAPE: Shape = Shape {
    fields: &[
        ("ID", "IMAGE ID"),
        ("Repository", "REPOSITORY"),
        ("Tag", "TAG"),
        ("Digest", "DIGEST"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("Size", "SIZE"),
        ("Containers", "CONTAINERS"),
        ("VirtualSize", "SIZE"),
        ("SharedSize", "SHARED SIZE"),
        ("UniqueSize", "UNIQUE SIZE"),
    ],
    type_name: "*formatter.imageContext",
};

impl Command for Images {
    const WORDS: Words = Words {
        spellings: &["images", "image ls", "image list"],
        about: "List images",
        usage: "[OPTIONS] [REPOSITORY[:TAG]]",
        arity: Arity::AtMost(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(mut self, docker: Docker) -> Result<Exit, CliError> {
        if let Some(name) = self.arguments.first().filter(|name| !name.is_empty()) {
            self.filter.push(("reference".into(), name.clone()));
        }
        let mut path = format!("/images/json?all={}", u8::from(self.all));
        if !self.filter.is_empty() {
            path.push_str(&format!(
                "&filters={}",
                percent_encode(&filters_json(&self.filter))
            ));
        }
        let images: Vec<Image> = docker.get(&path).await?;
        let digests = self.digests || self.format.contains(".Digest");
        let lines = images.iter().flat_map(|image| lines(image, digests));
        if self.quiet && self.format.is_empty() {
            tty::print(
                &lines
                    .map(|line| format!("{}\n", self.id(line.image)))
                    .collect::<String>(),
            )?;
            return Ok(0);
        }
        let rows: Vec<Row> = lines.map(|line| self.row(&line)).collect();
        let default = if self.digests {
            "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
        } else {
            "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
        };
        tty::print(&list::write(&SHAPE, &self.format, default, &rows).map_err(CliError::failed)?)?;
        Ok(0)
    }
}

/// The names of an image; one without names has a line of its own.
fn lines(image: &Image, digests: bool) -> Vec<Line<'_>> {
    let named =
        |names: &'_ Option<Vec<String>>| names.as_ref().is_some_and(|names| !names.is_empty());
    let tags = image
        .repo_tags
        .iter()
        .flatten()
        .filter_map(|tag| tag.rsplit_once(':'));
    let by_digest = || {
        image
            .repo_digests
            .iter()
            .flatten()
            .filter_map(|digest| digest.split_once('@'))
    };
    let digest_of = |repository: &str| {
        by_digest()
            .find(|(name, _)| digests && *name == repository)
            .map_or(NONE, |(_, digest)| digest)
    };
    if named(&image.repo_tags) {
        return tags
            .map(|(repository, tag)| Line {
                image,
                repository,
                tag,
                digest: digest_of(repository),
            })
            .collect();
    }
    if named(&image.repo_digests) {
        return by_digest()
            .map(|(repository, digest)| Line {
                image,
                repository,
                tag: NONE,
                digest,
            })
            .collect();
    }
    vec![Line {
        image,
        repository: NONE,
        tag: NONE,
        digest: NONE,
    }]
}

impl Images {
    fn id(&self, image: &Image) -> String {
        if self.no_trunc {
            image.id.clone()
        } else {
            short_id(&image.id).to_owned()
        }
    }

    fn row(&self, line: &Line<'_>) -> Row {
        let image = line.image;
        let known = |size: i64| {
            if size < 0 {
                "N/A".to_owned()
            } else {
                size::short(size)
            }
        };
        let unique = if image.shared_size < 0 {
            -1
        } else {
            image.size - image.shared_size
        };
        let containers = if image.containers < 0 {
            "N/A".to_owned()
        } else {
            image.containers.to_string()
        };
        vec![
            ("ID", text(self.id(image))),
            ("Repository", text(line.repository)),
            ("Tag", text(line.tag)),
            ("Digest", text(line.digest)),
            ("CreatedSince", text(time::since(image.created))),
            ("CreatedAt", text(time::created_at(image.created))),
            ("Size", text(size::short(image.size))),
            ("Containers", text(containers)),
            ("VirtualSize", text(size::long(image.size))),
            ("SharedSize", text(known(image.shared_size))),
            ("UniqueSize", text(known(unique))),
        ]
    }
}
