//! `drydock engine --socket`: one sandbox, its Docker socket on the host.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::data::DataDir;
use super::http::{self, Answer};
use super::process::Guard;
use super::{PATIENCE, drydock, wait};

/// Anything that answers the Docker Engine API on a Unix socket.
pub trait Daemon {
    /// Where it listens.
    fn socket(&self) -> PathBuf;

    /// For `DOCKER_HOST`.
    fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// One raw request.
    #[track_caller]
    fn request(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        http::request(
            stream,
            method,
            path,
            &[("content-type", "application/json")],
            body,
        )
        .unwrap()
    }

    #[track_caller]
    fn get(&self, path: &str) -> Answer {
        self.request("GET", path, b"")
    }
}

/// Our engine.
pub struct TestEngine {
    // Ended before the directory it works in is removed.
    process: Guard,
    data: DataDir,
}

impl TestEngine {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more arguments for `drydock engine`.
    pub fn start_with(more: &[&str]) -> Self {
        Self::start_under(&[], more)
    }

    /// By another program, which executes it in its own place.
    pub fn start_under(under: &[&str], more: &[&str]) -> Self {
        let data = DataDir::new();
        let log = File::create(data.path().join("engine.log")).unwrap();
        let mut command = match under {
            [] => Command::new(drydock()),
            [program, words @ ..] => {
                let mut command = Command::new(program);
                command.args(words).arg(drydock());
                command
            }
        };
        command
            .arg("engine")
            .arg("--data-dir")
            .arg(data.path())
            .arg("--socket")
            .arg(data.path().join("s"))
            .args(more);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let mut engine = Self {
            process: Guard::spawn(&mut command),
            data,
        };
        wait::until_true("the engine's socket", PATIENCE, || {
            assert!(engine.process.alive(), "the engine ended: {}", engine.log());
            let stream = UnixStream::connect(engine.socket());
            stream.is_ok_and(|stream| {
                http::request(stream, "GET", "/_ping", &[], b"")
                    .is_ok_and(|ping| ping.status == 200)
            })
        });
        engine
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.path().join("engine.log")).unwrap_or_default()
    }

    /// The host process that keeps the sandbox.
    pub fn keeper(&mut self) -> &mut Guard {
        &mut self.process
    }

    pub fn data_dir(&self) -> &std::path::Path {
        self.data.path()
    }
}

impl Daemon for TestEngine {
    fn socket(&self) -> PathBuf {
        self.data.path().join("s")
    }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        // SIGTERM ends the sandbox too; a kill would leave it to its idle time.
        self.process.end(Signal::SIGTERM, Duration::from_secs(20));
        if std::thread::panicking() {
            eprintln!("--- the engine said:\n{}", self.log());
        }
    }
}
