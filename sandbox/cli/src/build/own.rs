//! The steps that this side makes: reading the Dockerfile, sending the context, writing what came back.

use drydock_api::build::{SolveStatus, Status, Vertex};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// Where among the engine's steps one of ours is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// At once.
    Now,
    /// Behind the metadata of base images.
    Ignore,
    /// Behind the base images.
    Context,
}

/// A message for the display.
#[derive(Debug)]
pub enum Told {
    /// Of ours.
    Own(Slot, SolveStatus),
    /// Of the engine.
    Engine(SolveStatus),
}

/// A step of ours that runs.
#[derive(Debug, Clone)]
pub struct Step {
    vertex: Vertex,
    part: Option<(String, String)>,
}

impl Step {
    /// It begins now.
    #[must_use]
    pub fn begin(name: &str) -> (Self, SolveStatus) {
        let vertex = Vertex {
            digest: format!(
                "sha256:{}",
                hex(&Sha256::digest(format!("drydock-cli {name}")))
            ),
            name: name.into(),
            started: Some(now()),
            ..Vertex::default()
        };
        let status = of_vertex(vertex.clone());
        (Self { vertex, part: None }, status)
    }

    /// So many bytes of its part are done.
    pub fn part(&mut self, id: &str, bytes: u64) -> SolveStatus {
        self.progress(id, bytes, false)
    }

    /// The part is done.
    pub fn part_done(&mut self, id: &str, bytes: u64) -> SolveStatus {
        self.progress(id, bytes, true)
    }

    fn progress(&mut self, id: &str, bytes: u64, done: bool) -> SolveStatus {
        let told = now();
        let (_, started) = self
            .part
            .get_or_insert_with(|| (id.to_owned(), told.clone()));
        SolveStatus {
            statuses: vec![Status {
                id: id.into(),
                vertex: self.vertex.digest.clone(),
                current: bytes,
                timestamp: told.clone(),
                started: Some(started.clone()),
                completed: done.then_some(told),
                ..Status::default()
            }],
            ..SolveStatus::default()
        }
    }

    /// It ended, well or with an error.
    #[must_use]
    pub fn end(mut self, error: &str) -> SolveStatus {
        self.vertex.completed = Some(now());
        self.vertex.error = error.into();
        of_vertex(self.vertex)
    }
}

fn of_vertex(vertex: Vertex) -> SolveStatus {
    SolveStatus {
        vertexes: vec![vertex],
        ..SolveStatus::default()
    }
}

fn now() -> String {
    format!("{:.9}", Timestamp::now())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
