//! `drydock lesson list|new|lint|test`.

use std::{io, path::PathBuf, process::ExitCode};

use drydock::lessons::{
    Lesson, Source,
    commands::{self, Bench, TestOptions, Workshop},
};
use drydock_api::client::Client;
use drydock_session::{RegistryPolicy, Sandbox, Sessions};

use super::{DataDirOption, once};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// All lessons with their exercises.
    List(Chosen),
    /// A lesson to begin with.
    New {
        /// Its id: lower-case words joined by `-`.
        id: String,
        /// Where lessons are.
        #[arg(long, default_value = "lessons", value_name = "DIR")]
        lessons_dir: PathBuf,
    },
    /// Tell every mistake, with file and line.
    Lint(Chosen),
    /// Prove each exercise both ways, in fresh sandboxes.
    Test(Test),
}

#[derive(Debug, clap::Args)]
pub struct Chosen {
    /// Only these; all when none is named.
    ids: Vec<String>,
    /// Lessons from this directory instead of those built in.
    #[arg(long, env = "DRYDOCK_LESSONS_DIR", value_name = "DIR")]
    lessons_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Test {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    data: DataDirOption,
    /// Sandboxes at once.
    #[arg(long, default_value_t = 3)]
    jobs: usize,
}

impl Chosen {
    fn source(&self) -> Source {
        self.lessons_dir
            .clone()
            .map_or(Source::Embedded, Source::Dir)
    }
}

pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    super::log("warn");
    let out = &mut io::stdout();
    let good = match command {
        Command::List(chosen) => commands::list(&chosen.source(), out)?,
        Command::Lint(chosen) => commands::lint(&chosen.source(), &chosen.ids, out)?,
        Command::New { id, lessons_dir } => {
            println!("{}", commands::new(&lessons_dir, &id)?.display());
            true
        }
        Command::Test(test) => prove(test)?,
    };
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[tokio::main(flavor = "current_thread")]
async fn prove(test: Test) -> anyhow::Result<bool> {
    let sessions = once::sessions(test.data.path(), RegistryPolicy::default(), false).await?;
    let source = test.chosen.source();
    let options = TestOptions {
        ids: test.chosen.ids,
        jobs: test.jobs,
    };
    let workshop = Sandboxes(sessions.clone());
    let mut out = io::stdout();
    let outcome = tokio::select! {
        outcome = commands::test(&source, &options, &workshop, &mut out) => Some(outcome),
        stopped = once::asked_to_stop() => {
            stopped?;
            None
        }
    };
    sessions.end_all().await;
    match outcome {
        Some(outcome) => Ok(outcome?),
        None => anyhow::bail!("stopped"),
    }
}

/// A fresh sandbox for every case.
struct Sandboxes(Sessions);

impl Workshop for Sandboxes {
    type Bench = OneSandbox;

    async fn open(&self, lesson: &Lesson) -> Result<OneSandbox, String> {
        let start = once::Start {
            images: Some(lesson.images.clone()),
            files: lesson.files.clone(),
            lesson: Some(lesson.id.clone()),
            privileged: lesson.privileged,
            docker_socket: None,
            registry: lesson.registry,
            egress: false,
        };
        match once::start(&self.0, start).await {
            Ok(sandbox) => Ok(OneSandbox {
                sessions: self.0.clone(),
                sandbox,
            }),
            Err(error) => Err(format!("{error:#}")),
        }
    }
}

struct OneSandbox {
    sessions: Sessions,
    sandbox: Sandbox,
}

impl Bench for OneSandbox {
    fn client(&self) -> Client {
        self.sandbox.client()
    }

    async fn close(self) {
        if let Err(error) = self.sessions.end(self.sandbox.id()).await {
            tracing::warn!(%error, "a sandbox did not end");
        }
    }
}
