//! From the request to a record.
//!
//! - [`merge`]: the request's configuration over the image's. [`refuse`]: what a sandbox cannot do, by name.
//!   [`check`]: what Docker refuses too.
//! - [`network`], [`devices`]: what is asked of those and cannot be had.
//! - [`bind`]: `-v`, [`flags`]: `--mount`, [`tmpfs`]: `--tmpfs`, as they are written. [`mounts`]: all mounts of a container, and what
//!   is made for them.

mod bind;
pub(crate) mod check;
pub(crate) mod devices;
mod flags;
pub(crate) mod merge;
mod mounts;
pub(crate) mod network;
pub(crate) mod refuse;
mod tmpfs;

pub(crate) use check::HOST_GATEWAY;

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    path::Path,
    sync::{Arc, Mutex},
};

use drydock_image::Image;
use drydock_runtime::{container::Rootfs, overlay, paths};
use drydock_spec::ContainerId;
use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    Container, State, files, limits,
    log::{
        Log,
        options::{self, Limits},
    },
    namespaces, spec,
    streams::Streams,
};
use crate::{
    Engine,
    doors::Door,
    error::EngineError,
    image::ImageError,
    network::Mode,
    volume::copy_up::copy_up,
    wire::{
        HostConfig,
        container::CreateRequest,
        host_config::{MASKED_PATHS, READONLY_PATHS},
    },
};

/// What was made, and what should be said about it.
#[derive(Debug)]
pub(crate) struct Created {
    pub container: Arc<Container>,
    pub warnings: Vec<String>,
}

/// What the request's query says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    /// Made up when missing.
    pub name: Option<&'a str>,
    /// `linux/arm64`; empty for whatever the image is for.
    pub platform: &'a str,
}

/// Makes a container, ready to be started. Blocks.
pub(crate) fn create(
    engine: &Engine,
    door: Door,
    wanted: Wanted<'_>,
    request: CreateRequest,
) -> Result<Created, EngineError> {
    let CreateRequest {
        mut host_config,
        config,
        networking,
    } = request;
    network::conflicts(&config, &host_config)?;
    refuse::check(&config, &host_config)?;
    devices::check(engine, &host_config)?;
    spec::powers(engine, &host_config)?;
    check::check(&host_config)?;
    check::networking(&config, &networking)?;
    if host_config.pids_limit.is_some_and(|limit| limit <= 0) {
        host_config.pids_limit = None;
    }
    namespaces::resolve(engine, door, &mut host_config)?;
    network::refuse(engine, door, &host_config)?;
    let mut warnings = limits::check(&mut host_config, &limits::Host::of(engine), false)?;
    let image = find_image(engine, &config.image)?;
    check::platform(wanted.platform, &config.image, &image)?;
    let mut config = merge::merge(config, image.config.config.as_ref())?;
    warnings.extend(network::ports(&config, &host_config)?);
    complete(&mut host_config);
    let id = ContainerId::random();
    let name = engine.containers.take_name(&id, door, wanted.name)?;
    let plan = mounts::plan(engine, door, &config, &host_config)?;
    if config.hostname.is_empty() {
        config.hostname = hostname(engine, &host_config, &id);
    }

    let dir = engine.container_dir(id.as_str());
    files::make(&dir).map_err(EngineError::os("create a container"))?;
    let layers = image.layers.iter().rev().map(|layer| layer.dir.clone());
    let lowers = layers.chain([engine.init_layer()]).collect();
    let made = mounts::realise(engine, plan)?;
    let container = Arc::new(Container {
        created: Timestamp::now(),
        layers: engine
            .store
            .hold(image.layers.iter().map(|layer| layer.diff_id.clone())),
        image: image.id,
        image_size: image.size,
        lowers,
        mounts: made.points,
        hidden: door == Door::Control,
        log: Log::new(dir.clone(), log_limits(engine, &host_config)),
        streams: Streams::default(),
        turn: Arc::default(),
        changing: tokio::sync::Mutex::default(),
        updated: Mutex::default(),
        name: Mutex::new(name.name().to_owned()),
        state: watch::Sender::new(State::created()),
        id,
        config,
        host: host_config,
        dir,
    });
    if let Err(error) = fill(&container, &made.fresh) {
        let _ = std::fs::remove_dir_all(&container.dir);
        return Err(error);
    }
    engine.containers.insert(container.clone(), name);
    engine.events.tell(container.event("create", &[]));
    Ok(Created {
        container,
        warnings,
    })
}

/// Checks of a request what can be told without an engine.
pub(crate) fn check(request: &CreateRequest) -> Result<(), EngineError> {
    network::conflicts(&request.config, &request.host_config)?;
    refuse::check(&request.config, &request.host_config)?;
    check::check(&request.host_config)?;
    mounts::own(&request.host_config).map(drop)
}

fn find_image(engine: &Engine, name: &str) -> Result<Image, EngineError> {
    if name.is_empty() {
        return Err(EngineError::Invalid(
            "Config cannot be empty in order to create a container".into(),
        ));
    }
    let find = || engine.store.image(&engine.store.resolve(name)?);
    find().map_err(|error| match ImageError::from(error) {
        // Docker names the tag it looked for.
        ImageError::NoSuchImage(_) => match name.parse::<drydock_spec::ImageRef>() {
            Ok(reference) => {
                ImageError::NoSuchImage(reference.with_default_tag().to_string()).into()
            }
            Err(_) => ImageError::NoSuchImage(name.into()).into(),
        },
        other => other.into(),
    })
}

/// Bad values are told when the container is started, as Docker does.
fn log_limits(engine: &Engine, host: &HostConfig) -> Limits {
    let default = default_log_limits(engine);
    options::limits(&host.log_config, default).unwrap_or(default)
}

/// What is kept of a log whose options say nothing.
pub(crate) fn default_log_limits(engine: &Engine) -> Limits {
    Limits {
        bytes: engine.config.log_bytes,
        files: 2,
    }
}

/// Fills in what Docker fills in.
fn complete(host: &mut HostConfig) {
    let fill = |field: &mut String, value: &str| {
        if field.is_empty() {
            value.clone_into(field);
        }
    };
    fill(&mut host.network_mode, "default");
    fill(&mut host.log_config.kind, "json-file");
    fill(&mut host.runtime, "runc");
    fill(&mut host.ipc_mode, "private");
    fill(&mut host.cgroupns_mode, "private");
    // What clients send when nobody said anything.
    host.pids_limit = host.pids_limit.filter(|&most| most > 0);
    host.memory_swappiness = host.memory_swappiness.filter(|&percent| percent >= 0);
    if host.shm_size == 0 {
        host.shm_size = 64 << 20;
    }
    host.oom_kill_disable.get_or_insert(false);
    if host.memory > 0 && host.memory_swap == 0 {
        host.memory_swap = host.memory.saturating_mul(2);
    }
    if !host.privileged {
        host.masked_paths
            .get_or_insert_with(|| MASKED_PATHS.map(Into::into).into());
        host.readonly_paths
            .get_or_insert_with(|| READONLY_PATHS.map(Into::into).into());
    }
}

fn hostname(engine: &Engine, host: &HostConfig, id: &ContainerId) -> String {
    if host.uts_mode == "host" || Mode::parse(&host.network_mode) == Some(Mode::Host) {
        engine.config.workstation.hostname.clone()
    } else {
        id.short().to_owned()
    }
}

/// Makes the working directory; new volumes begin with what the image has at their place.
fn fill(container: &Container, fresh: &[mounts::Fresh]) -> Result<(), EngineError> {
    let working_dir = container.config.working_dir.as_str();
    if fresh.is_empty() && matches!(working_dir, "" | "/") {
        return Ok(());
    }
    let root = overlay::mount_detached(&rootfs(container))
        .map_err(EngineError::os("read the image's files"))?;
    make_working_dir(root.as_fd(), working_dir)?;
    for volume in fresh {
        copy_up(root.as_fd(), &volume.destination, &volume.data)
            .map_err(EngineError::os("fill a new volume"))?;
    }
    Ok(())
}

fn make_working_dir(root: BorrowedFd<'_>, path: &str) -> Result<(), EngineError> {
    match paths::make_dirs_in(root, Path::new(path)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Err(
            EngineError::Failed(format!("Cannot mkdir: {path} is not a directory")),
        ),
        Err(source) => Err(EngineError::Os {
            action: "make the working directory",
            source,
        }),
    }
}

/// The layers and the writable directory on top.
pub(crate) fn rootfs(container: &Container) -> Rootfs {
    Rootfs {
        lowers: container.lowers.clone(),
        upper: files::upper(&container.dir),
        work: files::work(&container.dir),
    }
}
