//! `docker inspect`, and what the other inspecting commands share with it.

use clap::Args;
use drydock_api::client::ClientError;

use super::show as shown;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, container_segment, segment},
    error::CliError,
    flags::DOCUMENT_FORMAT,
    text::{
        json,
        template::{Dialect, Document, Format},
    },
    tty,
};

/// `docker inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    #[arg(short, long, value_name = "string", help = DOCUMENT_FORMAT, default_value = "")]
    format: String,
    /// Display total file sizes if the type is container
    #[arg(short, long)]
    size: bool,
    /// Only inspect objects of the given type
    #[arg(long, value_name = "string", default_value = "")]
    r#type: String,
    arguments: Vec<String>,
}

/// A kind of thing that can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A container.
    Container,
    /// An image.
    Image,
    /// A network.
    Network,
    /// A volume.
    Volume,
}

impl Kind {
    fn path(self, name: &str, query: &str) -> String {
        let mark = if query.is_empty() { "" } else { "?" };
        match self {
            Self::Container => {
                format!("/containers/{}/json{mark}{query}", container_segment(name))
            }
            Self::Image => format!("/images/{}/json{mark}{query}", segment(name)),
            Self::Network => format!("/networks/{}{mark}{query}", segment(name)),
            Self::Volume => format!("/volumes/{}", segment(name)),
        }
    }
}

/// What is looked for, and whether a miss is told in the engine's words or in ours.
#[derive(Debug, Clone, Copy)]
pub enum Search {
    /// One kind only.
    Only(Kind),
    /// Whatever has the name: a container first.
    Any,
}

impl Command for Inspect {
    const WORDS: Words = Words {
        spellings: &["inspect"],
        about: "Return low-level information on Docker objects",
        usage: "[OPTIONS] NAME|ID [NAME|ID...]",
        arity: Arity::AtLeast(1),
        names: Names::Anything,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let search = match self.r#type.as_str() {
            "" => Search::Any,
            "container" => Search::Only(Kind::Container),
            "image" => Search::Only(Kind::Image),
            "network" => Search::Only(Kind::Network),
            "volume" => Search::Only(Kind::Volume),
            kind @ ("config" | "node" | "secret" | "service" | "task") => {
                return Err(CliError::failed(format!(
                    "there is no {kind} here: a sandbox is one node, and a swarm is made of several"
                )));
            }
            "plugin" => {
                return Err(CliError::failed(
                    "there is no plugin here: nothing is added to the engine of a sandbox",
                ));
            }
            other => {
                return Err(CliError::failed(format!(
                    "unknown type: \"{other}\": must be one of \"config\", \"container\", \"image\", \"network\", \"node\", \"plugin\", \"secret\", \"service\", \"task\", \"volume\""
                )));
            }
        };
        let query = if self.size { "size=1" } else { "" };
        show(&docker, search, &self.arguments, &self.format, query).await
    }
}

/// Looks for each name and prints what was found, then what was not. `query` asks the engine for more: `size=1`.
///
/// # Errors
/// A template's mistake, or when something was not found.
pub async fn show(
    docker: &Docker,
    search: Search,
    names: &[String],
    format: &str,
    query: &str,
) -> Result<Exit, CliError> {
    let template = match format {
        "" | "json" => None,
        text => Some(shown::template(text, Dialect::default())?),
    };
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        match find(docker, search, name, query).await {
            Ok(raw) => found.push(raw),
            Err(why) => failures.push(why),
        }
    }
    let all = format!("[{}]", found.join(","));
    match template {
        None if format == "json" => tty::print(&format!("{all}\n"))?,
        None => tty::print(&format!("{}\n", json::indent(&all)))?,
        Some(template) => {
            let (text, failure) = fill(&template, &found);
            tty::print(if text.is_empty() { "\n" } else { &text })?;
            failures.splice(0..0, failure);
        }
    }
    super::each::conclude(failures)
}

/// One line per document, up to the first that the template does not fit.
fn fill(template: &Format, documents: &[String]) -> (String, Option<String>) {
    let mut text = String::new();
    for raw in documents {
        let line = Document::parse(raw)
            .map_err(|error| error.to_string())
            .and_then(|doc| match doc.as_image() {
                // What an image's type has not is looked for in what the engine said.
                Some(image) => template
                    .render_typed(&image)
                    .or_else(|_| template.render_typed(&doc)),
                None => template.render_typed(&doc),
            });
        match line {
            Ok(line) => text.push_str(&format!("{line}\n")),
            Err(why) => return (text, Some(format!("template parsing error: {why}"))),
        }
    }
    (text, None)
}

async fn find(docker: &Docker, search: Search, name: &str, query: &str) -> Result<String, String> {
    let told = |error: ClientError| docker.fail(error).to_string();
    if name.is_empty() {
        return Err("invalid container name or ID: value is empty".into());
    }
    let kinds: &[Kind] = match &search {
        Search::Only(kind) => std::slice::from_ref(kind),
        Search::Any => &[Kind::Container, Kind::Image, Kind::Network, Kind::Volume],
    };
    // Of what nobody named a kind, only a container is asked for more.
    let asked = |kind| match (&search, kind) {
        (Search::Any, Kind::Image | Kind::Network | Kind::Volume) => "",
        _ => query,
    };
    for kind in kinds {
        match docker.try_get_text(&kind.path(name, asked(*kind))).await {
            Ok(raw) => return Ok(raw),
            Err(error) if matches!(search, Search::Any) && error.is_not_found() => {}
            // What cannot be an image's name may still be another thing's.
            Err(ClientError::Api { status, .. })
                if matches!(search, Search::Any)
                    && *kind == Kind::Image
                    && status == http::StatusCode::BAD_REQUEST => {}
            Err(error) => return Err(told(error)),
        }
    }
    Err(format!("Error: No such object: {name}"))
}
