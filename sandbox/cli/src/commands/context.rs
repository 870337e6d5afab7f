//! `docker context ls`, `show`, `inspect` and `use`.

use clap::Args;
use gotmpl::Value;
use serde_json::json;

use super::{each::conclude, show};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config_file::ConfigFile,
    context_store::{Context, ContextStore, DEFAULT},
    docker::Docker,
    error::CliError,
    flags::{DOCUMENT_FORMAT, LIST_FORMAT},
    text::{
        json,
        list::{Defaults, Row, Shape, text},
        template::{Dialect, Document},
    },
    tty,
};

/// `docker context ls`.
#[derive(Debug, Args)]
pub struct ContextLs {
    #[arg(long, value_name = "string", help = LIST_FORMAT, default_value = "")]
    format: String,
    /// Only show context names
    #[arg(short, long)]
    quiet: bool,
    arguments: Vec<String>,
}

/// `docker context show`.
#[derive(Debug, Args)]
pub struct ContextShow {
    arguments: Vec<String>,
}

/// `docker context inspect`.
#[derive(Debug, Args)]
pub struct ContextInspect {
    #[arg(short, long, value_name = "string", help = DOCUMENT_FORMAT, default_value = "")]
    format: String,
    arguments: Vec<String>,
}

/// `docker context use`.
#[derive(Debug, Args)]
pub struct ContextUse {
    arguments: Vec<String>,
}

/// What is said of the context that is always there.
const DESCRIPTION: &str = "Current DOCKER_HOST based configuration";
/// Letters of an error in the list.
const MAX_ERROR: usize = 45;

const SHAPE: Shape = Shape {
    fields: &[
        ("Name", "NAME"),
        ("Description", "DESCRIPTION"),
        ("DockerEndpoint", "DOCKER ENDPOINT"),
        ("Error", "ERROR"),
    ],
    type_name: "*formatter.clientContextContext",
};

impl Command for ContextLs {
    const WORDS: Words = Words {
        spellings: &["context ls", "context list"],
        about: "List contexts",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let store = ContextStore::new(docker.config_directory());
        let used = docker.context();
        let mut contexts = store.list();
        contexts.retain(|context| context.name != DEFAULT);
        contexts.push(default(&docker));
        let mut rows: Vec<Row> = contexts.iter().map(|context| row(context, used)).collect();
        if used != DEFAULT
            && let Err(why) = store.get(used)
        {
            rows.push(broken(used, &why));
        }
        rows.sort_by_key(|row| row[0].1.to_string());
        let defaults = Defaults {
            table: "{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}",
            quiet: "{{.Name}}",
            is_quiet: self.quiet,
        };
        show::rows(&SHAPE, &self.format, defaults, &rows)?;
        if is_overridden() {
            tty::complain(
                "Warning: DOCKER_HOST environment variable overrides the active context. To use a context, either set the global --context flag, or unset DOCKER_HOST environment variable.",
            )?;
        }
        Ok(0)
    }
}

/// The context that is no file.
pub fn default(docker: &Docker) -> Context {
    Context {
        name: DEFAULT.into(),
        description: Some(DESCRIPTION.into()),
        host: docker.host().into(),
        skip_tls_verify: false,
    }
}

fn row(context: &Context, used: &str) -> Row {
    vec![
        ("Name", text(context.name.as_str())),
        (
            "Description",
            text(context.description.as_deref().unwrap_or_default()),
        ),
        ("DockerEndpoint", text(context.host.as_str())),
        ("Current", Value::Bool(context.name == used)),
        ("Error", text("")),
    ]
}

/// A context that is in use and not there.
fn broken(name: &str, why: &str) -> Row {
    let mut short: String = why.chars().take(MAX_ERROR - 1).collect();
    if short.len() < why.len() {
        short.push('…');
    }
    vec![
        ("Name", text(name)),
        ("Description", text("")),
        ("DockerEndpoint", text("")),
        ("Current", Value::Bool(true)),
        ("Error", text(short)),
    ]
}

fn is_overridden() -> bool {
    std::env::var("DOCKER_HOST").is_ok_and(|host| !host.is_empty())
}

impl Command for ContextShow {
    const WORDS: Words = Words {
        spellings: &["context show"],
        about: "Print the name of the current context",
        usage: "",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        tty::print(&format!("{}\n", docker.context()))?;
        Ok(0)
    }
}

impl Command for ContextInspect {
    const WORDS: Words = Words {
        spellings: &["context inspect"],
        about: "Display detailed information on one or more contexts",
        usage: "[OPTIONS] [CONTEXT] [CONTEXT...]",
        arity: Arity::AtLeast(0),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(mut self, docker: Docker) -> Result<Exit, CliError> {
        if self.arguments.is_empty() {
            self.arguments.push(docker.context().into());
        }
        let store = ContextStore::new(docker.config_directory());
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in &self.arguments {
            let context = match name.as_str() {
                DEFAULT => Ok(document(
                    &Context {
                        description: None,
                        ..default(&docker)
                    },
                    None,
                )),
                name => store
                    .get(name)
                    .map(|context| document(&context, Some(&store))),
            };
            match context {
                Ok(document) => found.push(document),
                Err(why) => {
                    failures.push(why);
                    break;
                }
            }
        }
        if self.format.is_empty() || self.format == "json" {
            let all = format!("[{}]", found.join(","));
            let all = if self.format.is_empty() {
                json::indent(&all)
            } else {
                all
            };
            tty::print(&format!("{all}\n"))?;
        } else {
            let (lines, failure) = self.fill(&found)?;
            tty::print(&lines)?;
            failures.splice(0..0, failure);
        }
        conclude(failures)
    }
}

impl ContextInspect {
    fn fill(&self, found: &[String]) -> Result<(String, Option<String>), CliError> {
        let dialect = Dialect {
            type_name: Some("context.contextWithTLSListing"),
            ..Dialect::default()
        };
        let template = show::template(&self.format, dialect)?;
        let mut out = String::new();
        for raw in found {
            let line = Document::parse(raw)
                .map_err(|error| error.to_string())
                .and_then(|document| template.render(&document));
            match line {
                Ok(line) => out.push_str(&format!("{line}\n")),
                Err(why) => {
                    let why = format!("template parsing error: {why}");
                    return Ok(("\n".into(), Some(why)));
                }
            }
        }
        if out.is_empty() {
            out.push('\n');
        }
        Ok((out, None))
    }
}

/// A context as `inspect` shows it, its fields in Docker's order.
fn document(context: &Context, store: Option<&ContextStore>) -> String {
    let (metadata, tls) = match store {
        Some(store) => {
            let paths = (
                store.metadata_path(&context.name),
                store.tls_path(&context.name),
            );
            (json!(paths.0), json!(paths.1))
        }
        None => (json!("<IN MEMORY>"), json!("<IN MEMORY>")),
    };
    let known = context.metadata();
    let known = known.trim_end_matches('}');
    // Go writes these three letters so.
    let storage = format!("{{\"MetadataPath\":{metadata},\"TLSPath\":{tls}}}")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e");
    format!("{known}}}}},\"TLSMaterial\":{{}},\"Storage\":{storage}}}")
}

impl Command for ContextUse {
    const WORDS: Words = Words {
        spellings: &["context use"],
        about: "Set the current docker context",
        usage: "CONTEXT",
        arity: Arity::Plainly(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let name = &self.arguments[0];
        let kept = (name != DEFAULT).then_some(name.as_str());
        let store = ContextStore::new(docker.config_directory());
        if let Some(name) = kept {
            store.get(name).map_err(CliError::failed)?;
        }
        ConfigFile::load(docker.config_directory())?.use_context(kept)?;
        tty::print(&format!("{name}\n"))?;
        tty::complain(&format!("Current context is now \"{name}\""))?;
        if kept.is_some() && is_overridden() {
            tty::complain(&format!(
                "Warning: DOCKER_HOST environment variable overrides the active context. To use \"{name}\", either set the global --context flag, or unset DOCKER_HOST environment variable."
            ))?;
        }
        Ok(0)
    }
}
