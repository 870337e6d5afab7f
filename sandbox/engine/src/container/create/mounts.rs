//! From what the request says about mounts to mount points: which there are, and what is made for them.

use std::path::{Path, PathBuf};

use drydock_runtime::{container::Tmpfs, launch::PathKind};

use super::{
    bind::parse_bind,
    flags::{Source, Wanted, clean, parse_mount},
    tmpfs::{parse_tmpfs, size_or_default},
};
use crate::{
    Engine,
    doors::Door,
    error::EngineError,
    volume::{self, NewVolume},
    wire::{
        HostConfig, RunConfig,
        mount::{MountKind, MountPoint},
    },
};

/// What was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub points: Vec<MountPoint>,
    pub fresh: Vec<Fresh>,
}

/// A volume to be filled from the image.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub destination: String,
    pub data: PathBuf,
}

/// Reads all that the request says about mounts. A destination may be named once; `VOLUME`s yield to the rest.
pub(super) fn plan(
    engine: &Engine,
    door: Door,
    config: &RunConfig,
    host: &HostConfig,
) -> Result<Vec<Wanted>, EngineError> {
    let mut wanted = Vec::new();
    for from in host.volumes_from.iter().flatten() {
        wanted.extend(from_container(engine, door, from)?);
    }
    let mut own = own(host)?;
    for (index, mount) in own.iter().enumerate() {
        if own[..index]
            .iter()
            .any(|earlier| earlier.destination == mount.destination)
        {
            return Err(EngineError::Invalid(format!(
                "Duplicate mount point: {}",
                mount.destination
            )));
        }
    }
    wanted.retain(|inherited| {
        own.iter()
            .all(|mount| mount.destination != inherited.destination)
    });
    wanted.append(&mut own);
    for destination in config.volumes.iter().flatten().map(|(path, _)| path) {
        // Docker takes a relative path here from the root.
        let destination = clean(&format!("/{destination}"))?;
        if wanted.iter().all(|mount| mount.destination != destination) {
            let source = Source::Volume {
                name: None,
                labels: Default::default(),
            };
            wanted.push(Wanted {
                source,
                destination,
                mode: String::new(),
                readonly: false,
                copy: true,
                hidden: false,
            });
        }
    }
    wanted.sort_by(|a, b| a.destination.cmp(&b.destination));
    Ok(wanted)
}

/// The mounts that the request itself asks for.
pub(super) fn own(host: &HostConfig) -> Result<Vec<Wanted>, EngineError> {
    let mut own = Vec::new();
    for bind in host.binds.iter().flatten() {
        own.push(parse_bind(bind, &host.volume_driver)?);
    }
    for request in &host.mounts {
        own.push(parse_mount(request)?);
    }
    for (destination, options) in &host.tmpfs {
        own.push(parse_tmpfs(destination, options)?);
    }
    Ok(own)
}

fn from_container(engine: &Engine, door: Door, from: &str) -> Result<Vec<Wanted>, EngineError> {
    if from.is_empty() {
        return Err(EngineError::Invalid(
            "volumes-from specification cannot be an empty string".into(),
        ));
    }
    let (reference, mode) = from.split_once(':').unwrap_or((from, ""));
    let readonly = match mode {
        "ro" => true,
        "" | "rw" | "z" | "Z" => false,
        _ => return Err(EngineError::Invalid(format!("invalid mode: {mode}"))),
    };
    // Docker blames the request, not the container.
    let container = engine
        .containers
        .find(door, reference)
        .map_err(|error| EngineError::Invalid(error.to_string()))?;
    let inherit = |point: &MountPoint| Wanted {
        source: match point.kind {
            MountKind::Bind => Source::Bind {
                path: point.source.clone(),
                make: true,
            },
            MountKind::Volume => Source::Volume {
                name: Some(point.name.clone()),
                labels: Default::default(),
            },
            MountKind::Tmpfs => Source::Tmpfs(point.tmpfs.clone()),
        },
        destination: point.destination.clone(),
        mode: String::new(),
        readonly: readonly || !point.rw,
        copy: false,
        hidden: false,
    };
    Ok(container.mounts.iter().map(inherit).collect())
}

/// Makes the volumes and the missing directories of the workstation. Blocks.
pub(super) fn realise(engine: &Engine, plan: Vec<Wanted>) -> Result<Made, EngineError> {
    let mut made = Made {
        points: Vec::new(),
        fresh: Vec::new(),
    };
    for wanted in plan {
        let Wanted {
            source,
            destination,
            mode,
            readonly,
            copy,
            hidden,
        } = wanted;
        let mut point = MountPoint {
            kind: MountKind::Tmpfs,
            name: String::new(),
            source: String::new(),
            destination: destination.clone(),
            driver: String::new(),
            mode,
            rw: !readonly,
            propagation: String::new(),
            tmpfs: Tmpfs::of_size(size_or_default(0)),
            hidden,
        };
        match source {
            Source::Bind { path, make } => {
                bind_source(engine, &path, make)?;
                point.kind = MountKind::Bind;
                point.source = path;
                point.propagation = "rprivate".into();
            }
            Source::Volume { name, labels } => {
                let labels = (!labels.is_empty()).then_some(labels);
                let (volume, is_new) = engine.volumes.create(NewVolume {
                    name,
                    labels,
                    options: None,
                })?;
                if is_new {
                    let event = crate::events::Event::new(
                        "volume",
                        "create",
                        &volume.name,
                        [("driver".into(), "local".into())].into(),
                    );
                    engine.events.tell(event);
                }
                if copy {
                    made.fresh.push(Fresh {
                        destination,
                        data: volume.data.clone(),
                    });
                }
                point.kind = MountKind::Volume;
                point.name.clone_from(&volume.name);
                point.source = volume::seen_at(&volume.name);
                point.driver = "local".into();
                if point.mode.is_empty() && !point.name.is_empty() && !volume.anonymous {
                    point.mode = "z".into();
                }
            }
            Source::Tmpfs(tmpfs) => point.tmpfs = tmpfs,
        }
        made.points.push(point);
    }
    Ok(made)
}

/// `-v` makes a missing directory, `--mount` refuses one.
fn bind_source(engine: &Engine, path: &str, make: bool) -> Result<(), EngineError> {
    let failed = |reason: String| EngineError::MountSource {
        path: path.into(),
        reason,
    };
    let kind = engine
        .launcher
        .workstation_path(Path::new(path))
        .map_err(|error| failed(error.to_string()))?;
    match kind {
        PathKind::Missing if make => {
            engine
                .launcher
                .workstation_mkdir(Path::new(path))
                .map_err(|error| failed(error.to_string()))?;
            Ok(())
        }
        PathKind::Missing => Err(EngineError::Invalid(format!(
            "invalid mount config for type \"bind\": bind source path does not exist: {path}"
        ))),
        PathKind::Dir | PathKind::File => Ok(()),
    }
}
