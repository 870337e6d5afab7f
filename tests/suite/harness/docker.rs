//! The real Docker command-line clients of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::engine::Daemon;
use super::need;
use super::process::{Finished, finish};
use super::pty::OnTerminal;

/// Which client: the two differ by five years of API versions.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// The first `docker` on the PATH.
    Newest,
    /// The one of Debian's docker.io package.
    Debian,
    /// Ours: the program under test, by the name of `docker`.
    Own,
}

impl Which {
    pub fn program(self) -> PathBuf {
        match self {
            Self::Newest => need::find("docker").unwrap(),
            Self::Debian => PathBuf::from("/usr/bin/docker"),
            Self::Own => own(),
        }
    }
}

/// A link to the program: its name says what it is to be.
fn own() -> PathBuf {
    static LINK: OnceLock<TempDir> = OnceLock::new();
    let folder = LINK.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        std::os::unix::fs::symlink(super::drydock(), folder.path().join("docker")).unwrap();
        folder
    });
    folder.path().join("docker")
}

/// A client that talks to one daemon, with a configuration of its own.
pub struct Docker {
    program: PathBuf,
    address: String,
    home: TempDir,
}

impl Docker {
    pub fn new(which: Which, daemon: &impl Daemon) -> Self {
        Self {
            program: which.program(),
            address: daemon.address(),
            home: TempDir::new().unwrap(),
        }
    }

    /// A folder of the test's own: build contexts and the like.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file, and the folders above it, under `folder()`.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The command with these words, not yet started.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).current_dir(self.home.path());
        command
            .env("DOCKER_HOST", &self.address)
            .env("DOCKER_CONFIG", self.home.path().join(".docker"));
        for variable in [
            "DOCKER_CONTEXT",
            "DOCKER_TLS_VERIFY",
            "DOCKER_BUILDKIT",
            "DOCKER_API_VERSION",
        ] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(&self, words: &[&str]) -> Finished {
        self.run_with(words, "")
    }

    /// Runs it to its end with text on its standard input.
    #[track_caller]
    pub fn run_with(&self, words: &[&str], input: &str) -> Finished {
        finish(&mut self.command(words), input.as_bytes(), super::PATIENCE)
    }

    /// Standard output of a command that must succeed, without the last line's end.
    #[track_caller]
    pub fn good(&self, words: &[&str]) -> String {
        self.run(words).good().trim_end().to_owned()
    }

    /// Starts it on a terminal.
    pub fn on_terminal(&self, words: &[&str]) -> OnTerminal {
        OnTerminal::spawn(&self.command(words))
    }
}
