//! `docker build`: the classic builder.
//!
//! ```text
//! request ─▶ context (untar) ─▶ Dockerfile ─▶ builder: stage by stage, step by step
//!                                              ├─ metadata   ENV, CMD, LABEL…: config only
//!                                              ├─ copy       COPY, ADD: files into an overlay
//!                                              ├─ workdir    WORKDIR: config and a directory
//!                                              └─ run (pump) RUN: a container whose upper becomes the layer
//!                                             ─▶ stage: commit, every step an image ─▶ cache
//! ```
//!
//! A build is one thread that blocks; its lines reach the client through [`output`], and [`cancel`] ends it when the
//! client has gone. Its files are in a [`workspace`], which goes with it.
//!
//! Deliberately absent: BuildKit, URLs, and containers for steps that run nothing: their ids are said, as the classic
//! builder says them, but nothing has them.

pub(crate) mod base;
mod builder;
mod cache;
pub(crate) mod cancel;
pub(crate) mod changes;
pub(crate) mod chown;
mod context;
pub(crate) mod copy;
pub(crate) mod decompress;
mod error;
pub(crate) mod etc;
pub(crate) mod metadata;
mod output;
pub(crate) mod pump;
mod request;
mod run;
mod stage;
mod step;
pub(crate) mod tree;
pub(crate) mod workdir;
mod workspace;

use std::{io::Read, os::fd::BorrowedFd, sync::Arc};

use axum::{body::Body, response::Response};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::{builder::Builder, cache::Cache, cancel::Cancel, output::Output, request::BuildRequest};
pub(crate) use self::{
    error::{BuildError, Meter},
    request::hosts_line,
};
use crate::{Engine, error::EngineError, http::stream};

/// Unpacks an archive below `root` as a build's context is.
///
/// # Errors
/// The words that a build ends with.
pub(crate) fn untar(archive: impl Read, root: BorrowedFd<'_>) -> Result<(), String> {
    use tree::untar::{Limits, Owner, unpack};
    unpack(archive, root, Owner::Archive, Limits::default()).map_err(|error| error.to_string())
}

/// Builds at the same time; their contexts share the sandbox's storage.
const MAX_BUILDS: usize = 4;

/// What builds share.
#[derive(Debug)]
pub(crate) struct Builds {
    cache: Cache,
    running: Arc<Semaphore>,
}

impl Default for Builds {
    fn default() -> Self {
        Self {
            cache: Cache::default(),
            running: Arc::new(Semaphore::new(MAX_BUILDS)),
        }
    }
}

impl Builds {
    /// Forgets what later builds could have reused; the images stay until they are removed.
    pub(crate) fn forget(&self) {
        self.cache.clear();
    }
}

/// Receives the context, then builds; the answer grows while the build runs.
///
/// # Errors
/// What is wrong before the first step: the query, the context, the Dockerfile.
pub(crate) async fn build(
    engine: Engine,
    query: &str,
    body: Body,
) -> Result<Response, EngineError> {
    let request = match BuildRequest::parse(query) {
        Ok(request) => request,
        Err(error) => {
            // The client reads no answer before it has sent the context.
            context::discard(body).await;
            return Err(error.into());
        }
    };
    // Others wait until one of the running ones ends, or until their client leaves.
    let running = engine.builds.running.clone().acquire_owned().await;
    let running = running.map_err(|_| EngineError::Conflict("the sandbox ends".into()))?;
    let workspace = context::receive(&engine, body).await?;
    let prepared = {
        let request = request.clone();
        blocking(move || context::dockerfile(&workspace, &request).map(|file| (workspace, file)))
            .await?
    };
    let (workspace, file) = prepared;
    let cancel = Cancel::new().map_err(EngineError::os("make an event counter"))?;
    let (sender, response) = stream::growing("application/json");
    let ended = CancellationToken::new();
    let guard = ended.clone().drop_guard();
    tokio::spawn(watch(engine.clone(), sender.clone(), cancel.clone(), ended));
    tokio::task::spawn_blocking(move || {
        let _guard = guard;
        let _running = running;
        let output = Output::new(sender, request.quiet);
        Builder::new(&engine, &request, file, workspace, output, cancel).build();
    });
    Ok(response)
}

/// Cancels a build that nobody waits for. It must end with the build, since the answer does not end before it does.
pub(crate) async fn watch(
    engine: Engine,
    client: stream::Sender,
    cancel: Cancel,
    ended: CancellationToken,
) {
    tokio::select! {
        () = ended.cancelled() => return,
        () = client.closed() => {}
        () = engine.shutdown.cancelled() => {}
    }
    cancel.cancel();
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BuildError> + Send + 'static,
) -> Result<T, EngineError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(EngineError::Os {
            action: "prepare the build",
            source: std::io::Error::other(error),
        }),
    }
}
