//! Each library's suite, run once, and what it called.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::operations::{self, Operation};
use super::{bollard, install};
use crate::harness::engine::Daemon as _;
use crate::harness::process::finish;
use crate::real_docker_cli::AnyDaemon;

/// How long one suite may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug)]
pub enum Suite {
    DockerPy,
    Dockerode,
    Bollard,
}

/// An operation, and the file that calls it.
pub type Call = (Operation, String);

#[derive(Debug)]
pub enum Failure {
    /// The library cannot be had here.
    NotInstalled(String),
    /// What the suite said.
    Failed(String),
}

type Outcome = Result<BTreeSet<Call>, Failure>;

impl Suite {
    pub const ALL: [Self; 3] = [Self::DockerPy, Self::Dockerode, Self::Bollard];

    pub fn name(self) -> &'static str {
        match self {
            Self::DockerPy => "docker-py",
            Self::Dockerode => "dockerode",
            Self::Bollard => "bollard",
        }
    }

    /// Runs the suite, unless it has run, and tells what it called.
    pub fn calls(self) -> &'static Outcome {
        static OUTCOMES: [OnceLock<Outcome>; 3] =
            [OnceLock::new(), OnceLock::new(), OnceLock::new()];
        OUTCOMES[self as usize].get_or_init(|| match self {
            Self::DockerPy => docker_py(),
            Self::Dockerode => dockerode(),
            Self::Bollard => through_bollard(),
        })
    }
}

fn docker_py() -> Outcome {
    let python = install::docker_py().map_err(Failure::NotInstalled)?;
    let mut command = Command::new(python);
    command
        .args(["-W", "ignore::ResourceWarning", "-m", "unittest"])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(command, &install::sources("docker-py"))
}

fn dockerode() -> Outcome {
    let folder = install::dockerode().map_err(Failure::NotInstalled)?;
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=spec"]);
    run(command, &folder)
}

/// Runs a suite's program in `folder` against a daemon of its own.
fn run(mut command: Command, folder: &Path) -> Outcome {
    let daemon = AnyDaemon::start();
    let notes = tempfile::NamedTempFile::new().unwrap();
    command
        .current_dir(folder)
        .env("DOCKER_HOST", daemon.address())
        .env("DRYDOCK_CALLS", notes.path());
    let finished = finish(&mut command, b"", PATIENCE);
    if finished.code != 0 {
        let output = finished.stdout + &finished.stderr;
        return Err(Failure::Failed(output));
    }
    Ok(noted(&fs::read_to_string(notes.path()).unwrap()))
}

fn noted(notes: &str) -> BTreeSet<Call> {
    let calls = notes.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (method, path, file) = (words.next()?, words.next()?, words.next()?);
        Some((operations::find(method, path)?, file.to_owned()))
    });
    calls.collect()
}

fn through_bollard() -> Outcome {
    let daemon = AnyDaemon::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let notes = Arc::new(Mutex::new(BTreeSet::new()));
    for area in bollard::AREAS {
        let calls = notes.clone();
        let socket: PathBuf = daemon.socket();
        let shown = runtime.block_on(async move {
            let docker = bollard::connect(socket.to_str().unwrap(), move |method, path| {
                if let Some(operation) = operations::find(method, path) {
                    calls
                        .lock()
                        .unwrap()
                        .insert((operation, format!("{area}.rs")));
                }
            });
            let docker = docker.await.unwrap();
            tokio::spawn(bollard::show(area, docker)).await
        });
        if let Err(error) = shown {
            return Err(Failure::Failed(format!("{area}: {error}")));
        }
    }
    let calls = notes.lock().unwrap().clone();
    Ok(calls)
}
