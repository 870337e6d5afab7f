//! A container's files from outside: `docker cp`, `docker export`, `docker diff`.
//!
//! - [`Files`]: the root of what Docker shows. [`path`]: paths as clients write them. [`stat`]: what is at one.
//! - [`pack`]: files into a tar stream. [`unpack`]: a tar stream into files. [`changes`]: the writable layer against
//!   the image's.
//! - [`carry`]: between those, which block, and the client.
//!
//! A helper puts the mounts together in a namespace of its own and hands over the root; all that follows resolves
//! paths by `openat2(2)` below it, so a link of the container's leads at most to that root, whatever changes meanwhile.

pub(crate) mod changes;
pub(crate) mod pack;
pub(crate) mod path;
pub(crate) mod stat;
pub(crate) mod unpack;

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use drydock_runtime::container::FilesSpec;
use tokio::sync::OwnedMutexGuard;

use super::{Container, create, life::blocking, spec};
use crate::{Engine, error::EngineError, process::Process};

/// A container's files, as long as this lives.
#[derive(Debug)]
pub(crate) struct Files {
    root: OwnedFd,
    /// Held for a container that does not run: its layers must not be mounted for a start meanwhile.
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Files {
    /// With the volumes and binds over the layers, as `docker cp` sees them.
    pub(crate) async fn with_mounts(
        engine: &Engine,
        container: &Arc<Container>,
    ) -> Result<Self, EngineError> {
        Self::open(engine, container, spec::files(engine, container)?).await
    }

    /// The layers alone, as `docker export` sees them.
    pub(crate) async fn layers(
        engine: &Engine,
        container: &Arc<Container>,
    ) -> Result<Self, EngineError> {
        let spec = FilesSpec {
            rootfs: create::rootfs(container),
            mounts: Vec::new(),
            readonly_rootfs: true,
        };
        Self::open(engine, container, spec).await
    }

    async fn open(
        engine: &Engine,
        container: &Arc<Container>,
        spec: FilesSpec,
    ) -> Result<Self, EngineError> {
        // A run that ends or begins meanwhile is looked for again.
        for _ in 0..3 {
            if let Some(process) = container.state().process {
                match mount(engine, Some(process.clone()), spec.clone()).await {
                    Ok(root) => return Ok(Self { root, _turn: None }),
                    Err(error) if process.ended().is_none() => return Err(error),
                    Err(_) => {}
                }
            }
            let turn = container.turn.clone().lock_owned().await;
            let state = container.state();
            if state.removed {
                return Err(EngineError::NoSuchContainer(container.id.to_string()));
            }
            if state.process.is_none() {
                let root = mount(engine, None, spec).await?;
                return Ok(Self {
                    root,
                    _turn: Some(turn),
                });
            }
        }
        Err(EngineError::Conflict(format!(
            "container {} starts and ends too fast to be copied from; stop it first",
            container.id
        )))
    }

    /// Their root.
    pub(crate) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

async fn mount(
    engine: &Engine,
    running: Option<Process>,
    spec: FilesSpec,
) -> Result<OwnedFd, EngineError> {
    let launcher = engine.launcher.clone();
    blocking(move || {
        let pidfd = running.as_ref().map(Process::pidfd);
        launcher
            .files(pidfd, &spec)
            .map_err(|error| EngineError::Failed(error.to_string()))
    })
    .await
}
