//! `docker buildx ls|inspect|use|version`: a sandbox has one builder, and it is always there.

use clap::Args;
use http::Method;

use crate::{
    build::refuse::BUILDER,
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    text::{
        host::arch,
        list::{Defaults, Row, Shape, text},
        table::{self, Columns},
    },
    tty,
};

const SHAPE: Shape = Shape {
    fields: &[
        ("Name", "NAME/NODE"),
        ("DriverEndpoint", "DRIVER/ENDPOINT"),
        ("LastActivity", "LAST ACTIVITY"),
        ("Status", "STATUS"),
        ("Buildkit", "BUILDKIT"),
        ("Platforms", "PLATFORMS"),
        ("Error", "ERROR"),
    ],
    type_name: "*commands.lsContext",
};

/// `docker buildx ls`.
#[derive(Debug, Args)]
pub struct BuildxLs {
    /// Format the output (default "table")
    #[arg(long, value_name = "string", default_value = "")]
    format: String,
    /// Don't truncate output
    #[arg(long)]
    no_trunc: bool,
    arguments: Vec<String>,
}

impl Command for BuildxLs {
    const WORDS: Words = Words {
        spellings: &["buildx ls", "builder ls"],
        about: "List builder instances",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let status = Status::of(&docker).await;
        let tabular = self.format.is_empty() || self.format.starts_with("table");
        let defaults = Defaults {
            table: "{{.Name}}\t{{.DriverEndpoint}}\t{{.Status}}\t{{.Buildkit}}\t{{.Platforms}}",
            quiet: "",
            is_quiet: false,
        };
        let code = super::show::rows(&SHAPE, &self.format, defaults, &status.rows(tabular))?;
        if let (Some(why), true) = (&status.error, tabular) {
            tty::complain(&format!(
                "\nFailed to get status for {BUILDER} ({BUILDER}): {why}"
            ))?;
        }
        Ok(code)
    }
}

/// How the builder is.
struct Status {
    error: Option<String>,
}

impl Status {
    async fn of(docker: &Docker) -> Self {
        let asked = docker.call(Method::GET, "/_ping").await;
        Self {
            error: asked.err().map(|error| error.to_string()),
        }
    }

    fn word(&self) -> &'static str {
        match self.error {
            None => "running",
            Some(_) => "error",
        }
    }

    /// The builder and its one node.
    fn rows(&self, tabular: bool) -> Vec<Row> {
        let (mark, indent) = if tabular { ("*", " \\_ ") } else { ("", "") };
        let row = |name: String, endpoint: String, node: bool| -> Row {
            let of_node = |value: &str| text(if node { value } else { "" });
            vec![
                ("Name", text(name)),
                ("DriverEndpoint", text(endpoint)),
                ("LastActivity", text("")),
                ("Status", of_node(self.word())),
                ("Buildkit", of_node(&version())),
                ("Platforms", of_node(&platform())),
                ("Error", text(self.error.clone().unwrap_or_default())),
            ]
        };
        let node = format!("{indent}{BUILDER}");
        vec![
            row(format!("{BUILDER}{mark}"), "docker".into(), false),
            row(node.clone(), node, true),
        ]
    }
}

fn version() -> String {
    format!("drydock-{}", drydock_api::VERSION)
}

fn platform() -> String {
    format!("linux/{}", arch())
}

/// `docker buildx inspect`.
#[derive(Debug, Args)]
pub struct BuildxInspect {
    /// Ensure builder has booted before inspecting
    #[arg(long)]
    bootstrap: bool,
    /// Override the configured builder instance
    #[arg(long, value_name = "string")]
    builder: Option<String>,
    arguments: Vec<String>,
}

impl Command for BuildxInspect {
    const WORDS: Words = Words {
        spellings: &["buildx inspect", "builder inspect"],
        about: "Inspect current builder instance",
        usage: "[NAME]",
        arity: Arity::AtMost(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        // The engine is the builder: there is nothing to boot.
        let _ = self.bootstrap;
        known(self.arguments.first().or(self.builder.as_ref()))?;
        let status = Status::of(&docker).await;
        let mut out = format!(
            "Name:\t{BUILDER}\nDriver:\tdocker\n\nNodes:\nName:\t{BUILDER}\nEndpoint:\t{BUILDER}\n"
        );
        match &status.error {
            Some(why) => out.push_str(&format!("Error:\t{why}\n")),
            None => out.push_str(&format!(
                "Status:\trunning\nBuildKit version:\t{}\nPlatforms:\t{}\n",
                version(),
                platform()
            )),
        }
        let columns = Columns {
            min_width: 0,
            padding: 1,
        };
        tty::print(&table::align(&out, columns))?;
        Ok(0)
    }
}

/// Refuses every name but that of the one builder.
///
/// # Errors
/// In buildx's words.
pub fn known(name: Option<&String>) -> Result<(), CliError> {
    match name.map(String::as_str) {
        None | Some(BUILDER | "") => Ok(()),
        Some(other) => Err(CliError::failed(format!(
            "ERROR: no builder {other:?} found: a sandbox has one, '{BUILDER}'"
        ))),
    }
}

/// `docker buildx use`.
#[derive(Debug, Args)]
pub struct BuildxUse {
    /// Set builder as default for current context
    #[arg(long)]
    default: bool,
    /// Builder persists context changes
    #[arg(long)]
    global: bool,
    arguments: Vec<String>,
}

impl Command for BuildxUse {
    const WORDS: Words = Words {
        spellings: &["buildx use", "builder use"],
        about: "Set the current builder instance",
        usage: "[OPTIONS] NAME",
        arity: Arity::Exactly(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, _: Docker) -> Result<Exit, CliError> {
        // The only builder there is, in every context.
        let _ = (self.default, self.global);
        known(self.arguments.first()).map(|()| 0)
    }
}

/// `docker buildx version`.
#[derive(Debug, Args)]
pub struct BuildxVersion {
    arguments: Vec<String>,
}

impl Command for BuildxVersion {
    const WORDS: Words = Words {
        spellings: &["buildx version", "builder version"],
        about: "Show buildx version information",
        usage: "",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, _: Docker) -> Result<Exit, CliError> {
        tty::print(&format!(
            "drydock's own builder, as docker buildx: v{}\n",
            drydock_api::VERSION
        ))?;
        Ok(0)
    }
}
