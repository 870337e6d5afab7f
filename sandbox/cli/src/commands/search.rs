//! `docker search`.

use clap::Args;
use drydock_api::client::percent_encode;
use gotmpl::Value;
use serde::Deserialize;

use super::show;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::{
        LIST_FORMAT,
        values::{filter, filters_json},
    },
    text::list::{Defaults, Row, Shape, text},
};

/// `docker search`.
#[derive(Debug, Args)]
pub struct Search {
    /// Filter output based on conditions provided
    #[arg(short, long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    #[arg(long, value_name = "string", help = LIST_FORMAT, default_value = "")]
    format: String,
    /// Max number of search results
    #[arg(long, value_name = "int")]
    limit: Option<u32>,
    /// Don't truncate output
    #[arg(long)]
    no_trunc: bool,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
struct Found {
    name: String,
    description: String,
    star_count: i64,
    is_official: bool,
}

const SHAPE: Shape = Shape {
    fields: &[
        ("Name", "NAME"),
        ("Description", "DESCRIPTION"),
        ("StarCount", "STARS"),
        ("IsOfficial", "OFFICIAL"),
    ],
    type_name: "search.searchContext",
};

/// The longest description that is shown whole.
const DESCRIPTION: usize = 45;

impl Command for Search {
    const WORDS: Words = Words {
        spellings: &["search"],
        about: "Search Docker Hub for images",
        usage: "[OPTIONS] TERM",
        arity: Arity::Exactly(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut path = format!("/images/search?term={}", percent_encode(&self.arguments[0]));
        if let Some(limit) = self.limit {
            path.push_str(&format!("&limit={limit}"));
        }
        if !self.filter.is_empty() {
            let filters = filters_json(&self.filter);
            path.push_str(&format!("&filters={}", percent_encode(&filters)));
        }
        let found: Vec<Found> = docker.get(&path).await?;
        let rows: Vec<Row> = found.iter().map(|found| self.row(found)).collect();
        let defaults = Defaults {
            table: "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}",
            quiet: "{{.Name}}",
            is_quiet: false,
        };
        show::rows(&SHAPE, &self.format, defaults, &rows)
    }
}

impl Search {
    fn row(&self, found: &Found) -> Row {
        let mut description = found.description.replace(['\n', '\r'], " ");
        if !self.no_trunc && description.chars().count() > DESCRIPTION {
            description = description
                .chars()
                .take(DESCRIPTION - 1)
                .collect::<String>()
                + "…";
        }
        let official = if found.is_official { "[OK]" } else { "" };
        vec![
            ("Name", text(found.name.as_str())),
            ("Description", text(description)),
            ("StarCount", Value::Int(found.star_count)),
            ("IsOfficial", text(official)),
        ]
    }
}
