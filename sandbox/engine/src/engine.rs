//! The state that every route and every life shares.

use std::{path::PathBuf, sync::Arc};

use drydock_image::Store;
use drydock_runtime::launch::Launcher;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    EngineConfig,
    activity::Activity,
    build::Builds,
    builder::Builder,
    container::Registry,
    events::Events,
    exec::Execs,
    network::Networks,
    process::Process,
    registry::{errands::Errands, hosted::storage::Storage, pack::KnownLayers},
    terminal::Terminals,
    volume::Volumes,
};

/// The state that every route and every life shares; cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Engine(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    /// As the starter decided.
    pub config: EngineConfig,
    /// When this engine came up.
    pub started: Timestamp,
    /// A stable name of this engine, for `docker info`.
    pub id: String,
    /// Images; calls block.
    pub store: Store,
    /// Starts processes; calls block.
    pub launcher: Launcher,
    /// The workstation's first process.
    pub workstation: Process,
    /// Containers by id and name.
    pub containers: Registry,
    /// Execs by id.
    pub execs: Execs,
    /// Named and anonymous volumes.
    pub volumes: Volumes,
    /// bridge, host and none, and who has which address.
    pub networks: Networks,
    /// What builds share.
    pub builds: Builds,
    /// The same, of our own client's builds.
    pub builder: Builder,
    /// Work at registries that the keeper does.
    pub errands: Arc<Errands>,
    /// What layers are in registries.
    pub layers: KnownLayers,
    /// The registry on the workstation, if there is one.
    pub hosted: Option<Arc<Storage>>,
    /// What happened, for `docker events`.
    pub events: Events,
    /// The learner's shells.
    pub terminals: Terminals,
    /// When somebody was last here.
    pub activity: Activity,
    /// Cancelled when the sandbox is to end.
    pub shutdown: CancellationToken,
}

impl std::ops::Deref for Engine {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Engine {
    pub(crate) fn new(
        config: EngineConfig,
        store: Store,
        launcher: Launcher,
        workstation: Process,
        hosted: Option<Arc<Storage>>,
    ) -> Self {
        Self(Arc::new(Inner {
            started: Timestamp::now(),
            id: drydock_spec::SandboxId::random().to_string(),
            store,
            launcher,
            workstation,
            containers: Registry::new(config.max_containers),
            execs: Execs::default(),
            volumes: Volumes::new(config.data.join("volumes")),
            networks: Networks::default(),
            builds: Builds::default(),
            builder: Builder::default(),
            errands: Arc::default(),
            layers: KnownLayers::default(),
            hosted,
            events: Events::default(),
            terminals: Terminals::default(),
            activity: Activity::default(),
            shutdown: CancellationToken::new(),
            config,
        }))
    }

    /// The layer below every image.
    pub(crate) fn init_layer(&self) -> PathBuf {
        self.config.data.join("init")
    }

    /// Where a container keeps its files.
    pub(crate) fn container_dir(&self, id: &str) -> PathBuf {
        self.config.data.join("containers").join(id)
    }
}
