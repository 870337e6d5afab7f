//! From a fresh first process of a sandbox to two open doors.

use std::{io, os::fd::OwnedFd, process::ExitCode, sync::Arc};

use drydock_image::Store;
use drydock_runtime::{
    cgroup::Delegation,
    launch::{LaunchError, Launcher},
};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    Engine, EngineConfig,
    container::{files, life::pause},
    doors,
    process::Process,
    registry::hosted,
    terminal,
};

/// Blocking calls at once: launches, tar, hashing. Idle threads end after some seconds.
const BLOCKING_THREADS: usize = 8;

#[derive(Debug, thiserror::Error)]
enum EntryError {
    #[error("could not {action}: {source}")]
    Os {
        action: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("the image store: {0}")]
    Store(#[from] drydock_image::StoreError),
    #[error("the workstation: {0}")]
    Workstation(#[from] LaunchError),
}

fn os(action: &'static str) -> impl FnOnce(io::Error) -> EntryError {
    move |source| EntryError::Os { action, source }
}

/// The descriptors that the builder of a sandbox hands to its engine.
#[derive(Debug)]
pub struct Inherited {
    /// Listens for the server.
    pub control: OwnedFd,
    /// Listens for Docker clients of the host, where there is such a socket.
    pub docker: Option<OwnedFd>,
    /// What a launched process joins.
    pub cgroups: Vec<OwnedFd>,
    /// The user namespace of privileged containers, where they can be had.
    pub powers: Option<OwnedFd>,
}

/// Runs the engine until it is told to end, or until nobody was here for too long.
///
/// Called in the sandbox's namespaces, single-threaded, with `/proc`, the store and the data directory in place.
#[must_use]
pub fn main(config: EngineConfig, inherited: Inherited) -> ExitCode {
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(os("start the event loop"))
        .and_then(|runtime| runtime.block_on(run(config, inherited)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the engine ends");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: EngineConfig, inherited: Inherited) -> Result<(), EntryError> {
    let Inherited {
        control,
        docker,
        cgroups,
        powers,
    } = inherited;
    let mut terminate = signal(SignalKind::terminate()).map_err(os("listen for signals"))?;
    let control = doors::adopt(control).map_err(os("open the control door"))?;
    let docker = docker
        .map(doors::adopt)
        .transpose()
        .map_err(os("open the host's Docker socket"))?;
    make_rooms(&config).map_err(os("prepare the data directory"))?;
    let learner =
        doors::bind(&config.data.join("run/docker.sock")).map_err(os("open the learner's door"))?;

    let store = Store::layered(config.data.join("images"), &config.store)?;
    show(&store, config.visible.as_deref())?;
    let groups = Delegation::take(cgroups).map_err(os("divide the control groups"))?;
    let (launcher, running) =
        Launcher::start_workstation(&config.workstation, Arc::new(groups), powers)?;
    let workstation = Process::adopt(running).map_err(os("watch the workstation"))?;
    let hosted = hosted::open(&config).map_err(os("prepare the registry"))?;
    let engine = Engine::new(config, store, launcher, workstation, hosted);
    hosted::serve(&engine)
        .await
        .map_err(os("open the registry's port"))?;

    doors::open(&engine, control, learner, docker);
    tokio::select! {
        _ = terminate.recv() => {}
        () = engine.shutdown.cancelled() => {}
        _ = engine.workstation.wait() => tracing::warn!("the workstation's first process ended"),
        () = doors::idle(&engine) => tracing::info!("nobody is here: the sandbox ends"),
    }
    terminal::close_all(&engine).await;
    pause::thaw_all(&engine);
    Ok(())
}

fn make_rooms(config: &EngineConfig) -> io::Result<()> {
    for room in ["containers", "volumes", "run", "images", "build"] {
        std::fs::create_dir_all(config.data.join(room))?;
    }
    files::make_init_layer(&config.data.join("init"))
}

/// What `docker images` lists at first.
fn show(store: &Store, visible: Option<&[String]>) -> Result<(), EntryError> {
    let Some(names) = visible else {
        return Ok(store.show_all()?);
    };
    let parsed: Vec<_> = names
        .iter()
        .filter_map(|name| name.parse::<drydock_spec::ImageRef>().ok())
        .collect();
    let missing = store.show(&parsed)?;
    if !missing.is_empty() || parsed.len() != names.len() {
        tracing::warn!(
            ?missing,
            "images that were to be visible are not in the store"
        );
    }
    Ok(())
}
