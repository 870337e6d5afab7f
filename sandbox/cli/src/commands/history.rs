//! `docker history`.

use clap::Args;
use drydock_api::client::percent_encode;
use serde::Deserialize;

use super::show;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, segment},
    error::CliError,
    flags::LIST_FORMAT,
    options::platform,
    text::{
        list::{Defaults, Row, Shape, text},
        quote::{ellipsis, short_id},
        size, time,
    },
};

/// `docker history`.
#[derive(Debug, Args)]
pub struct History {
    #[arg(long, value_name = "string", help = LIST_FORMAT, default_value = "")]
    format: String,
    /// Print sizes and dates in human readable format (default true)
    #[arg(short = 'H', long, default_value = "true")]
    human: bool,
    /// Don't truncate output
    #[arg(long)]
    no_trunc: bool,
    /// Show the history of this platform of the image
    #[arg(long, value_name = "string", default_value = "")]
    platform: String,
    /// Only show image IDs
    #[arg(short, long)]
    quiet: bool,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Step {
    id: String,
    created: i64,
    created_by: String,
    size: i64,
    #[serde(default)]
    comment: String,
}

const SHAPE: Shape = Shape {
    fields: &[
        ("ID", "IMAGE"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("CreatedBy", "CREATED BY"),
        ("Size", "SIZE"),
        ("Comment", "COMMENT"),
    ],
    type_name: "*image.historyContext",
};

impl Command for History {
    const WORDS: Words = Words {
        spellings: &["history", "image history"],
        about: "Show the history of an image",
        usage: "[OPTIONS] IMAGE",
        arity: Arity::Exactly(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut path = format!("/images/{}/history", segment(&self.arguments[0]));
        if !self.platform.is_empty() {
            let json = platform::json(&self.platform).map_err(CliError::failed)?;
            path.push_str(&format!("?platform={}", percent_encode(&json)));
        }
        let steps: Vec<Step> = docker.get(&path).await?;
        let rows: Vec<Row> = steps.iter().map(|step| self.row(step)).collect();
        let defaults = Defaults {
            table: if self.human {
                "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
            } else {
                "{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
            },
            quiet: "{{.ID}}",
            is_quiet: self.quiet,
        };
        show::rows(&SHAPE, &self.format, defaults, &rows)
    }
}

impl History {
    fn id<'a>(&self, step: &'a Step) -> &'a str {
        if self.no_trunc {
            &step.id
        } else {
            short_id(&step.id)
        }
    }

    fn row(&self, step: &Step) -> Row {
        let command = step.created_by.replace('\t', " ");
        vec![
            ("ID", text(self.id(step))),
            // A step without a date: reproducible builds write none.
            (
                "CreatedSince",
                text(if step.created <= 0 {
                    "N/A".into()
                } else {
                    time::since(step.created)
                }),
            ),
            ("CreatedAt", text(time::rfc3339(step.created))),
            (
                "CreatedBy",
                text(if self.no_trunc {
                    command
                } else {
                    ellipsis(&command, 45)
                }),
            ),
            (
                "Size",
                text(if self.human {
                    size::short(step.size)
                } else {
                    step.size.to_string()
                }),
            ),
            ("Comment", text(step.comment.as_str())),
        ]
    }
}
