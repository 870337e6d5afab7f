//! `docker context ls`, `show`, `inspect` and `use`: a sandbox has one engine, so there is one context.

use clap::Args;
use gotmpl::Value;
use serde_json::json;

use super::each::conclude;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::{DOCUMENT_FORMAT, LIST_FORMAT},
    root::endpoint::{DEFAULT_CONTEXT, missing_context},
    text::{
        json,
        list::{self, Defaults, Shape, text},
        template::{Dialect, Document, Format},
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

const DESCRIPTION: &str = "Current DOCKER_HOST based configuration";

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
        let row = vec![
            ("Name", text(DEFAULT_CONTEXT)),
            ("Description", text(DESCRIPTION)),
            ("DockerEndpoint", text(docker.host())),
            ("Current", Value::Bool(true)),
            ("Error", text("")),
        ];
        let defaults = Defaults {
            table: "{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}",
            quiet: "{{.Name}}",
            is_quiet: self.quiet,
        };
        let out = list::write(&SHAPE, &self.format, defaults, &[row]);
        tty::print(&out.map_err(CliError::failed)?)?;
        if std::env::var("DOCKER_HOST").is_ok_and(|host| !host.is_empty()) {
            tty::complain(
                "Warning: DOCKER_HOST environment variable overrides the active context. To use a context, either set the global --context flag, or unset DOCKER_HOST environment variable.",
            )?;
        }
        Ok(0)
    }
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

    async fn run(self, _: Docker) -> Result<Exit, CliError> {
        tty::print(&format!("{DEFAULT_CONTEXT}\n"))?;
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
            self.arguments.push(DEFAULT_CONTEXT.into());
        }
        let known = |name: &&String| *name == DEFAULT_CONTEXT;
        let found: Vec<String> = self
            .arguments
            .iter()
            .take_while(known)
            .map(|_| document(docker.host()))
            .collect();
        let mut failures: Vec<String> = self
            .arguments
            .iter()
            .find(|name| !known(name))
            .map(|name| missing_context(name, docker.config_directory()))
            .into_iter()
            .collect();
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
        let failed = |why: String| format!("template parsing error: {why}");
        let template = Format::parse(&self.format, dialect).map_err(|why| CliError::Failed {
            message: failed(why),
            code: 64,
        })?;
        let mut out = String::new();
        for raw in found {
            let line = Document::parse(raw)
                .map_err(|error| error.to_string())
                .and_then(|document| template.render(&document));
            match line {
                Ok(line) => out.push_str(&format!("{line}\n")),
                Err(why) => return Ok(("\n".into(), Some(failed(why)))),
            }
        }
        if out.is_empty() {
            out.push('\n');
        }
        Ok((out, None))
    }
}

/// The one context, its fields in Docker's order.
fn document(host: &str) -> String {
    format!(
        "{{\"Name\":\"{DEFAULT_CONTEXT}\",\"Metadata\":{{}},\"Endpoints\":{{\"docker\":{{\"Host\":{},\"SkipTLSVerify\":false}}}},\"TLSMaterial\":{{}},\"Storage\":{{\"MetadataPath\":\"\\u003cIN MEMORY\\u003e\",\"TLSPath\":\"\\u003cIN MEMORY\\u003e\"}}}}",
        json!(host)
    )
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
        if name != DEFAULT_CONTEXT {
            return Err(CliError::failed(missing_context(
                name,
                docker.config_directory(),
            )));
        }
        tty::print(&format!("{name}\n"))?;
        tty::complain(&format!("Current context is now \"{name}\""))?;
        Ok(0)
    }
}
