//! What a build says while it runs: BuildKit's progress, one JSON object a line.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use drydock_api::build::{BuildMessage, Log, SolveStatus, Status, Vertex};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::{
    build::tree::hash::hex,
    http::stream::{Gone, Sender},
};

/// Where a build's progress goes; sending waits while the client is behind. Cloning shares it.
#[derive(Debug, Clone)]
pub(super) struct Report(Sender);

/// A step that is shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    report: Report,
    vertex: Arc<Vertex>,
    started: Timestamp,
}

impl Report {
    pub(super) fn new(sender: Sender) -> Self {
        Self(sender)
    }

    /// A step begins.
    pub(super) fn begin(
        &self,
        name: &str,
        place: &str,
        inputs: Vec<String>,
    ) -> Result<Shown, Gone> {
        let started = Timestamp::now();
        let vertex = Vertex {
            digest: format!(
                "sha256:{}",
                hex(&Sha256::digest(format!("{place}\0{name}")))
            ),
            inputs,
            name: name.into(),
            started: Some(time(started)),
            ..Vertex::default()
        };
        self.status(SolveStatus {
            vertexes: vec![vertex.clone()],
            ..SolveStatus::default()
        })?;
        Ok(Shown {
            report: self.clone(),
            vertex: Arc::new(vertex),
            started,
        })
    }

    /// Says how the build ended; the last message.
    pub(super) fn end(&self, message: &BuildMessage) -> Result<(), Gone> {
        self.0.json_blocking(message)
    }

    fn status(&self, status: SolveStatus) -> Result<(), Gone> {
        self.0.json_blocking(&BuildMessage::Status(status))
    }
}

impl Shown {
    /// How other steps name it.
    pub(super) fn digest(&self) -> &str {
        &self.vertex.digest
    }

    /// As it is displayed.
    pub(super) fn name(&self) -> &str {
        &self.vertex.name
    }

    /// How long it has taken, in milliseconds.
    pub(super) fn millis(&self) -> u64 {
        let passed = Timestamp::now().duration_since(self.started);
        u64::try_from(passed.as_millis()).unwrap_or(0)
    }

    /// It is done.
    pub(super) fn done(&self) -> Result<(), Gone> {
        self.completed(false, String::new())
    }

    /// It need not be done: the result was there.
    pub(super) fn cached(&self) -> Result<(), Gone> {
        self.completed(true, String::new())
    }

    /// It failed.
    pub(super) fn failed(&self, why: &str) -> Result<(), Gone> {
        self.completed(false, why.into())
    }

    fn completed(&self, cached: bool, error: String) -> Result<(), Gone> {
        let vertex = Vertex {
            completed: Some(time(Timestamp::now())),
            cached,
            error,
            ..Vertex::clone(&self.vertex)
        };
        self.report.status(SolveStatus {
            vertexes: vec![vertex],
            ..SolveStatus::default()
        })
    }

    /// What a command printed; 1 is standard output, 2 standard error.
    pub(super) fn log(&self, stream: u8, bytes: &[u8]) -> Result<(), Gone> {
        self.report.status(SolveStatus {
            logs: vec![Log {
                vertex: self.vertex.digest.clone(),
                stream,
                data: STANDARD.encode(bytes),
                timestamp: time(Timestamp::now()),
            }],
            ..SolveStatus::default()
        })
    }

    /// A part of it, done in no time worth showing.
    pub(super) fn part(&self, id: &str, took: impl FnOnce() -> Timestamp) -> Result<(), Gone> {
        let started = time(took());
        let now = time(Timestamp::now());
        self.report.status(SolveStatus {
            statuses: vec![Status {
                id: id.into(),
                vertex: self.vertex.digest.clone(),
                timestamp: now.clone(),
                started: Some(started),
                completed: Some(now),
                ..Status::default()
            }],
            ..SolveStatus::default()
        })
    }
}

fn time(at: Timestamp) -> String {
    format!("{at:.9}")
}
