//! `docker stats`.

use std::{collections::BTreeMap, time::Duration};

use clap::Args;

use super::{
    ps::Container,
    stats_sample::{Sample, Stats, Watched},
};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config,
    docker::{Docker, container_segment, query},
    error::CliError,
    flags::LIST_FORMAT,
    text::list::{self, Defaults, Row, Shape},
    tty,
};

/// `docker stats`.
#[derive(Debug, Args)]
pub struct StatsCommand {
    /// Show all containers (default shows just running)
    #[arg(short, long)]
    all: bool,
    #[arg(long, value_name = "string", help = LIST_FORMAT, default_value = "")]
    format: String,
    /// Disable streaming stats and only pull the first result
    #[arg(long)]
    no_stream: bool,
    /// Do not truncate output
    #[arg(long)]
    no_trunc: bool,
    arguments: Vec<String>,
}

/// Docker draws twice a second.
const PERIOD: Duration = Duration::from_millis(500);
/// How long the first picture waits for the first numbers.
const PATIENCE: Duration = Duration::from_secs(5);

const SHAPE: Shape = Shape {
    fields: &[
        ("Container", "CONTAINER"),
        ("Name", "NAME"),
        ("ID", "CONTAINER ID"),
        ("CPUPerc", "CPU %"),
        ("MemUsage", "MEM USAGE / LIMIT"),
        ("MemPerc", "MEM %"),
        ("NetIO", "NET I/O"),
        ("BlockIO", "BLOCK I/O"),
        ("PIDs", "PIDS"),
    ],
    type_name: "*container.statsContext",
};

const TABLE: &str = "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";

impl Command for StatsCommand {
    const WORDS: Words = Words {
        spellings: &["stats", "container stats"],
        about: "Display a live stream of container(s) resource usage statistics",
        usage: "[OPTIONS] [CONTAINER...]",
        arity: Arity::AtLeast(0),
        names: Names::Running,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let format = config::format_or(&self.format, &docker.config().stats_format);
        if self.no_stream {
            let samples = self.once(&docker).await?;
            tty::print(&self.table(format, samples.iter())?)?;
            return Ok(0);
        }
        self.follow(&docker, format).await?;
        Ok(0)
    }
}

impl StatsCommand {
    /// The containers that were named, or all that run.
    async fn names(&self, docker: &Docker) -> Result<Vec<String>, CliError> {
        if !self.arguments.is_empty() {
            return Ok(self.arguments.clone());
        }
        let path = format!("/containers/json{}", query(&[("all", self.all)]));
        let containers: Vec<Container> = docker.get(&path).await?;
        Ok(containers
            .iter()
            .map(|container| container.short_id().to_owned())
            .collect())
    }

    /// One sample of each, all taken at once.
    async fn once(&self, docker: &Docker) -> Result<Vec<Sample>, CliError> {
        let tasks: Vec<_> = self
            .names(docker)
            .await?
            .into_iter()
            .map(|name| {
                let docker = docker.clone();
                tokio::spawn(async move {
                    let path = format!("/containers/{}/stats?stream=0", container_segment(&name));
                    let stats = docker.get::<Stats>(&path).await;
                    stats.map(|stats| Sample::of(&name, Some(&stats)))
                })
            })
            .collect();
        let (mut samples, mut failures) = (Vec::new(), Vec::new());
        for task in tasks {
            let sample = task
                .await
                .map_err(|panic| CliError::failed(panic.to_string()))?;
            match sample {
                Ok(sample) => samples.push(sample),
                // One that ended meanwhile is nobody's mistake.
                Err(error) if self.arguments.is_empty() && error.is_not_found() => {}
                Err(error) => failures.push(error.to_string()),
            }
        }
        if failures.is_empty() {
            Ok(samples)
        } else {
            Err(CliError::failed(failures.join("\n")))
        }
    }

    /// Draws again and again, until the user leaves or the engine does.
    async fn follow(&self, docker: &Docker, format: &str) -> Result<(), CliError> {
        let mut watched: BTreeMap<usize, Watched> = BTreeMap::new();
        let mut ticks = tokio::time::interval(PERIOD);
        let mut first = true;
        let mut next = 0;
        loop {
            let names = self.names(docker).await?;
            watched.retain(|_, one| names.contains(&one.name));
            for name in names {
                if !watched.values().any(|one| one.name == name) {
                    watched.insert(next, Watched::start(docker, name));
                    next += 1;
                }
            }
            if first {
                for one in watched.values_mut() {
                    one.wait_for_first(PATIENCE).await?;
                }
                first = false;
            } else {
                ticks.tick().await;
            }
            let samples: Vec<Sample> = watched.values().map(Watched::latest).collect();
            tty::print(&frame(&self.table(format, samples.iter())?))?;
        }
    }

    fn table<'a>(
        &self,
        format: &str,
        samples: impl Iterator<Item = &'a Sample>,
    ) -> Result<String, CliError> {
        let rows: Vec<Row> = samples.map(|sample| sample.row(self.no_trunc)).collect();
        let defaults = Defaults {
            table: TABLE,
            quiet: "",
            is_quiet: false,
        };
        list::write(&SHAPE, format, defaults, &rows).map_err(CliError::failed)
    }
}

/// The table over the last one: the cursor goes to the corner, what was longer is erased.
fn frame(table: &str) -> String {
    let mut out = String::from("\x1b[H");
    for line in table.split('\n') {
        out.push_str(&format!("{line} \x1b[K\n"));
    }
    out.push_str("\x1b[J");
    out
}
