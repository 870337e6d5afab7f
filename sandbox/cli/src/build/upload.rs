//! The context on its way to the engine: only what the engine has not.

use std::{path::Path, sync::Arc, time::Duration};

use drydock_api::{
    build::{ContextAnswer, ContextKind, Manifest},
    client::{Body, read_all},
};
use drydock_dockerfile::DockerIgnore;
use http::Method;
use tokio::sync::mpsc;

use super::{
    own::{Slot, Step, Told},
    send::{self, Sent},
    walk,
};
use crate::{docker::Docker, error::CliError};

const CONTEXTS: &str = "/drydock/v1/build/contexts";
/// How often a transfer is told of.
const AGAIN: Duration = Duration::from_millis(100);
/// Whoever makes the body of a request that is over ends within this.
const PATIENCE: Duration = Duration::from_secs(1);
/// Pieces of 64 KiB that wait for the engine at most.
const DEPTH: usize = 8;

/// What goes where while a build is prepared.
#[derive(Debug, Clone)]
pub struct Line {
    /// The engine.
    pub docker: Docker,
    /// The display.
    pub tell: mpsc::Sender<Told>,
}

impl Line {
    /// Tells the display. When there is none any more, the build is over.
    pub async fn tell(&self, slot: Slot, status: drydock_api::build::SolveStatus) {
        let _ = self.tell.send(Told::Own(slot, status)).await;
    }

    /// A step of ours that is done in no time.
    pub async fn step(&self, slot: Slot, name: &str, part: &str, bytes: u64, error: &str) {
        let (mut step, begun) = Step::begin(name);
        self.tell(slot, begun).await;
        self.tell(slot, step.part_done(part, bytes)).await;
        self.tell(slot, step.end(error)).await;
    }
}

/// Sends a directory's files; gives the name of the context in the build's request. The step is called `name`, or not
/// shown.
///
/// # Errors
/// When files cannot be read, or the engine refuses.
pub async fn directory(
    line: &Line,
    root: &Path,
    ignore: DockerIgnore,
    name: Option<&str>,
) -> Result<String, CliError> {
    const PART: &str = "transferring context:";
    let Some(name) = name else {
        return sending(line, root, ignore, &Sent::default()).await;
    };
    let (mut step, begun) = Step::begin(name);
    line.tell(Slot::Context, begun).await;
    line.tell(Slot::Context, step.part(PART, 0)).await;
    let sent = Sent::default();
    let work = sending(line, root, ignore, &sent);
    let outcome = watched(line, &mut step, PART, &sent, work).await;
    let status = step.part_done(PART, sent.bytes());
    line.tell(Slot::Context, status).await;
    let words = outcome.as_ref().err().map(ToString::to_string);
    line.tell(Slot::Context, step.end(&words.unwrap_or_default()))
        .await;
    outcome
}

/// Sends the archive on standard input, of which `head` was read already.
///
/// # Errors
/// When the engine refuses.
pub async fn archive(line: &Line, head: Vec<u8>) -> Result<String, CliError> {
    const PART: &str = "transferring context:";
    let (mut step, begun) = Step::begin("[internal] load remote build context");
    line.tell(Slot::Now, begun).await;
    let sent = Sent::default();
    let work = async {
        let (sender, body) = Body::channel(DEPTH, "application/x-tar");
        let count = sent.clone();
        let packing = tokio::task::spawn_blocking(move || send::archive(&head, sender, &count));
        let answer = put(&line.docker, "new", body, packing).await?;
        let answer: ContextAnswer =
            serde_json::from_slice(&answer).map_err(|error| line.docker.fail(error.into()))?;
        Ok(answer.id)
    };
    let outcome = watched(line, &mut step, PART, &sent, work).await;
    line.tell(Slot::Now, step.part_done(PART, sent.bytes()))
        .await;
    let words = outcome.as_ref().err().map(ToString::to_string);
    line.tell(Slot::Now, step.end(&words.unwrap_or_default()))
        .await;
    outcome
}

/// Does the work, and tells now and then how far it is.
///
/// # Errors
/// Those of the work.
pub async fn watched<T>(
    line: &Line,
    step: &mut Step,
    part: &str,
    sent: &Sent,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(AGAIN);
    tick.tick().await;
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            _ = tick.tick() => line.tell(Slot::Context, step.part(part, sent.bytes())).await,
        }
    }
}

async fn sending(
    line: &Line,
    root: &Path,
    ignore: DockerIgnore,
    sent: &Sent,
) -> Result<String, CliError> {
    let dir = root.to_owned();
    let manifest = tokio::task::spawn_blocking(move || walk::manifest(&dir, &ignore))
        .await
        .map_err(|panic| CliError::failed(panic.to_string()))?
        .map_err(CliError::failed)?;
    let body = serde_json::to_vec(&manifest).map_err(|error| line.docker.fail(error.into()))?;
    sent.add(body.len() as u64);
    let response = line
        .docker
        .request(
            Method::POST,
            CONTEXTS,
            Body::bytes(body, "application/json"),
        )
        .await?;
    let answer = read_all(response).await.map_err(|e| line.docker.fail(e))?;
    let answer: ContextAnswer =
        serde_json::from_slice(&answer).map_err(|error| line.docker.fail(error.into()))?;
    if !answer.wanted.is_empty() {
        wanted(line, root, manifest, &answer, sent).await?;
    }
    Ok(answer.id)
}

async fn wanted(
    line: &Line,
    root: &Path,
    manifest: Manifest,
    answer: &ContextAnswer,
    sent: &Sent,
) -> Result<(), CliError> {
    let is_file = |at: &usize| {
        let entry = manifest.entries.get(*at);
        entry.is_some_and(|entry| entry.kind == ContextKind::File)
    };
    if !answer.wanted.iter().all(is_file) {
        return Err(CliError::failed(
            "the engine wants files that were not offered",
        ));
    }
    let (sender, body) = Body::channel(DEPTH, "application/x-tar");
    let (root, places, sent) = (root.to_owned(), answer.wanted.clone(), sent.clone());
    let manifest = Arc::new(manifest);
    let packing = tokio::task::spawn_blocking(move || {
        let entries: Vec<_> = places.iter().map(|at| &manifest.entries[*at]).collect();
        send::files(&root, &entries, sender, &sent)
    });
    put(&line.docker, &answer.id, body, packing).await.map(drop)
}

/// Sends a body that `packing` makes, and gives the answer.
async fn put(
    docker: &Docker,
    id: &str,
    body: Body,
    packing: tokio::task::JoinHandle<Result<(), String>>,
) -> Result<bytes::Bytes, CliError> {
    let answer = docker
        .request(Method::PUT, &format!("{CONTEXTS}/{id}"), body)
        .await;
    // What broke the request off is told rather than that it broke. It may also wait for input still.
    let packed = tokio::time::timeout(PATIENCE, packing).await;
    if let (Ok(packed), true) = (packed, broke_off(&answer)) {
        packed
            .map_err(|panic| CliError::failed(panic.to_string()))?
            .map_err(CliError::failed)?;
    }
    read_all(answer?).await.map_err(|error| docker.fail(error))
}

/// Neither answered nor refused.
fn broke_off<T>(answer: &Result<T, CliError>) -> bool {
    match answer {
        Ok(_) => false,
        Err(CliError::Engine { error, .. }) => error.status().is_none(),
        Err(_) => true,
    }
}
