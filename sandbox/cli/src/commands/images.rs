//! `docker images`.

use clap::Args;
use serde::Deserialize;

use super::{images_tree, show};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config,
    docker::{Docker, query},
    error::CliError,
    flags::{
        LIST_FORMAT,
        values::{filter, with_filters},
    },
    text::{
        list::{Defaults, Row, Shape, text},
        quote::short_id,
        size, time,
    },
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
    /// List multi-platform images as a tree (EXPERIMENTAL)
    #[arg(long)]
    tree: bool,
    arguments: Vec<String>,
}

/// An image as lists have it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Image {
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

/// `--format raw`: a field a line, and an empty line after each image.
const RAW: &str = "repository: {{.Repository}}\ntag: {{.Tag}}\nimage_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n";
const RAW_DIGESTS: &str = "repository: {{.Repository}}\ntag: {{.Tag}}\ndigest: {{.Digest}}\nimage_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n";

const TABLE: &str = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";

/// What `docker images` can show.
pub const SHAPE: Shape = Shape {
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
        if self.tree {
            images_tree::check(&[
                ("quiet", self.quiet),
                ("no-trunc", self.no_trunc),
                ("show-digest", self.digests),
                ("format", !self.format.is_empty()),
            ])?;
        }
        if let Some(name) = self.arguments.first().filter(|name| !name.is_empty()) {
            self.filter.push(("reference".into(), name.clone()));
        }
        let path = format!("/images/json{}", query(&[("all", self.all)]));
        let path = with_filters(&path, &self.filter);
        let images: Vec<Image> = docker.get(&path).await?;
        if self.tree {
            return images_tree::print(&images, self.all).map(|()| 0);
        }
        let format = config::format_or(&self.format, &docker.config().images_format);
        let format = match format {
            "raw" if self.quiet => "image_id: {{.ID}}",
            "raw" if self.digests => RAW_DIGESTS,
            "raw" => RAW,
            other => other,
        };
        let digests = self.digests || format.contains(".Digest");
        let lines = images.iter().flat_map(|image| lines(image, digests));
        let rows: Vec<Row> = lines.map(|line| line.row(self.no_trunc)).collect();
        let defaults = Defaults {
            table: if self.digests {
                "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
            } else {
                TABLE
            },
            quiet: "{{.ID}}",
            is_quiet: self.quiet,
        };
        show::rows(&SHAPE, format, defaults, &rows)
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

impl Image {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its names with tags.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        self.repo_tags.as_deref().unwrap_or_default()
    }

    /// Bytes in all its layers.
    #[must_use]
    pub fn size(&self) -> i64 {
        self.size
    }

    /// The image by its first name.
    #[must_use]
    pub fn first_row(&self, no_trunc: bool) -> Row {
        let named = self.repo_tags.iter().flatten().next();
        let (repository, tag) = named
            .and_then(|name| name.rsplit_once(':'))
            .unwrap_or((NONE, NONE));
        let line = Line {
            image: self,
            repository,
            tag,
            digest: "",
        };
        line.row(no_trunc)
    }

    /// A container is made of it.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.containers > 0
    }

    /// The bytes that it shares with no other image, when a container needs it.
    #[must_use]
    pub fn own_size_if_used(&self) -> Option<i64> {
        (self.containers != 0 && self.size >= 0 && self.shared_size >= 0)
            .then(|| self.size - self.shared_size)
    }
}

impl Line<'_> {
    fn row(&self, no_trunc: bool) -> Row {
        let image = self.image;
        let known = |size: i64| match size {
            ..0 => "N/A".to_owned(),
            size => size::long(size),
        };
        let unique = match image.shared_size {
            ..0 => -1,
            shared => image.size - shared,
        };
        let containers = match image.containers {
            ..0 => "N/A".to_owned(),
            count => count.to_string(),
        };
        let id = if no_trunc {
            image.id.as_str()
        } else {
            short_id(&image.id)
        };
        vec![
            ("ID", text(id)),
            ("Repository", text(self.repository)),
            ("Tag", text(self.tag)),
            ("Digest", text(self.digest)),
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
