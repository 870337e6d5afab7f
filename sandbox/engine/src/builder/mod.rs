//! `docker build` as BuildKit does it: for our own client, at `/drydock/v1/build`.
//!
//! ```text
//! request ─▶ context (only what changed is sent) ─▶ Dockerfile ─▶ plan: the stages that are needed, as a graph
//!                                                                  └─▶ solve: stages side by side, each step by step
//!                                                                       ├─ settings   ENV, CMD, LABEL…: config only
//!                                                                       ├─ copy       COPY, ADD
//!                                                                       ├─ workdir    WORKDIR
//!                                                                       └─ run        RUN with its mounts
//!                                                                      ─▶ image (config, history) ─▶ output
//! ```
//!
//! A step is known by the files it stands on and by what it says, so by content: [`cache`]. What a build says goes
//! through [`report`]; why its steps ran again is [`explain`]'s.
//!
//! Deliberately absent: BuildKit's own protocol, and platforms other than the host's.

mod build;
mod cache;
mod checks;
mod config;
mod context;
mod copy;
mod error;
mod explain;
mod fetch;
mod image;
mod inputs;
mod mounts;
mod names;
mod output;
mod plan;
mod report;
mod room;
mod routes;
mod run;
mod settings;
mod solve;
mod stage;
mod step;
mod workdir;

use std::sync::Arc;

use tokio::sync::Semaphore;

use self::{
    cache::Cache, context::Contexts, explain::Memory, mounts::CacheMounts, output::Outputs,
};

pub(crate) use self::{
    cache::{PruneRules, prune, usage},
    routes::routes,
};

/// Builds at the same time.
const MAX_BUILDS: usize = 4;

/// What builds share.
#[derive(Debug)]
pub(crate) struct Builder {
    cache: Cache,
    contexts: Contexts,
    memory: Memory,
    mounts: CacheMounts,
    outputs: Outputs,
    running: Arc<Semaphore>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            cache: Cache::default(),
            contexts: Contexts::default(),
            memory: Memory::default(),
            mounts: CacheMounts::default(),
            outputs: Outputs::default(),
            running: Arc::new(Semaphore::new(MAX_BUILDS)),
        }
    }
}
