//! `-v`, `--mount`, `--tmpfs`, `VOLUME` and `--volumes-from`, as mount points.

use std::path::{Path, PathBuf};

use drydock_runtime::launch::PathKind;

use crate::{
    Engine,
    doors::Door,
    error::EngineError,
    volume::{self, NewVolume},
    wire::{
        HostConfig, RunConfig,
        mount::{MountKind, MountPoint, MountRequest},
    },
};

/// A mount that was asked for, before anything is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    source: Source,
    destination: String,
    mode: String,
    readonly: bool,
    /// Fill a new volume from the image.
    copy: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// A path of the workstation; whether it is made when missing.
    Bind {
        path: String,
        make: bool,
    },
    /// A volume; without a name, one of its own.
    Volume {
        name: Option<String>,
        labels: std::collections::BTreeMap<String, String>,
    },
    Tmpfs {
        size: u64,
        mode: u32,
    },
}

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
pub(crate) fn plan(
    engine: &Engine,
    door: Door,
    config: &RunConfig,
    host: &HostConfig,
) -> Result<Vec<Wanted>, EngineError> {
    let mut wanted = Vec::new();
    for from in host.volumes_from.iter().flatten() {
        wanted.extend(from_container(engine, door, from)?);
    }
    let mut own = Vec::new();
    for bind in host.binds.iter().flatten() {
        own.push(parse_bind(bind)?);
    }
    for request in &host.mounts {
        own.push(parse_mount(request)?);
    }
    for (destination, options) in &host.tmpfs {
        own.push(parse_tmpfs(destination, options)?);
    }
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
            });
        }
    }
    wanted.sort_by(|a, b| a.destination.cmp(&b.destination));
    Ok(wanted)
}

fn invalid_bind(bind: &str, why: &str) -> EngineError {
    let why = if why.is_empty() {
        String::new()
    } else {
        format!(": {why}")
    };
    EngineError::Invalid(format!("invalid volume specification: '{bind}'{why}"))
}

fn parse_bind(bind: &str) -> Result<Wanted, EngineError> {
    let parts: Vec<&str> = bind.split(':').collect();
    let (source, destination, mode) = match parts.as_slice() {
        [destination] => ("", *destination, ""),
        [source, destination] => (*source, *destination, ""),
        [source, destination, mode] => (*source, *destination, *mode),
        _ => return Err(invalid_bind(bind, "")),
    };
    if parts.len() > 1 && (source.is_empty() || destination.is_empty()) {
        return Err(invalid_bind(bind, ""));
    }
    let mut readonly = false;
    let mut copy = true;
    for word in mode.split(',').filter(|word| !word.is_empty()) {
        match word {
            "ro" => readonly = true,
            "nocopy" => copy = false,
            "rw" | "z" | "Z" | "cached" | "delegated" | "consistent" | "rprivate" | "private"
            | "rslave" | "slave" | "rshared" | "shared" => {}
            _ => return Err(EngineError::Invalid(format!("invalid mode: {mode}"))),
        }
    }
    let destination = clean(destination).map_err(|error| invalid_bind(bind, &error.to_string()))?;
    let source = match source {
        "" => Source::Volume {
            name: None,
            labels: Default::default(),
        },
        path if path.starts_with('/') => Source::Bind {
            path: path.into(),
            make: true,
        },
        name => Source::Volume {
            name: Some(name.into()),
            labels: Default::default(),
        },
    };
    Ok(Wanted {
        source,
        destination,
        mode: mode.into(),
        readonly,
        copy,
    })
}

fn parse_mount(request: &MountRequest) -> Result<Wanted, EngineError> {
    let wrong = |why: String| {
        EngineError::Invalid(format!(
            "invalid mount config for type {:?}: {why}",
            request.kind
        ))
    };
    if request.target.is_empty() {
        return Err(wrong("field Target must not be empty".into()));
    }
    let destination = clean(&request.target).map_err(|error| wrong(error.to_string()))?;
    let mut copy = true;
    let source = match request.kind.as_str() {
        "bind" if request.source.is_empty() => {
            return Err(wrong("field Source must not be empty".into()));
        }
        "bind" if !request.source.starts_with('/') => {
            return Err(wrong(format!(
                "invalid mount path: '{}' mount path must be absolute",
                request.source
            )));
        }
        "bind" => Source::Bind {
            path: request.source.clone(),
            make: request
                .bind_options
                .as_ref()
                .is_some_and(|options| options.create_mountpoint),
        },
        "volume" => {
            let options = request.volume_options.clone().unwrap_or_default();
            if !options.subpath.is_empty() {
                return Err(unsupported(
                    "mount a part of a volume (volume-subpath)",
                    "mount the whole volume",
                ));
            }
            if options
                .driver_config
                .is_some_and(|driver| !matches!(driver.name.as_str(), "" | "local"))
            {
                return Err(unsupported(
                    "use a volume driver (volume-driver)",
                    "leave it out: volumes are local",
                ));
            }
            copy = !options.no_copy;
            let name = Some(request.source.clone()).filter(|name| !name.is_empty());
            Source::Volume {
                name,
                labels: options.labels,
            }
        }
        "tmpfs" => {
            let options = request.tmpfs_options.clone().unwrap_or_default();
            let mode = if options.mode == 0 {
                0o1777
            } else {
                u32::try_from(options.mode).unwrap_or(0o1777)
            };
            Source::Tmpfs {
                size: tmpfs_size(options.size_bytes),
                mode,
            }
        }
        other => {
            return Err(EngineError::Invalid(format!(
                "mount type unknown: {other:?}"
            )));
        }
    };
    Ok(Wanted {
        source,
        destination,
        mode: String::new(),
        readonly: request.read_only,
        copy,
    })
}

fn unsupported(what: &str, next: &'static str) -> EngineError {
    EngineError::Unsupported {
        what: what.into(),
        next,
    }
}

/// Without a size, what the sandbox can well spare.
fn tmpfs_size(asked: u64) -> u64 {
    if asked == 0 { 64 << 20 } else { asked }
}

fn parse_tmpfs(destination: &str, options: &str) -> Result<Wanted, EngineError> {
    let destination = clean(destination)?;
    let (mut size, mut mode, mut readonly) = (0, 0o1777, false);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let wrong = || EngineError::Invalid(format!("Invalid tmpfs option {option:?}"));
        match option.split_once('=') {
            Some(("size", value)) => size = parse_size(value).ok_or_else(wrong)?,
            Some(("mode", value)) => mode = u32::from_str_radix(value, 8).map_err(|_| wrong())?,
            Some(("uid" | "gid" | "nr_inodes" | "nr_blocks", _)) => {}
            None if option == "ro" => readonly = true,
            None if matches!(
                option,
                "rw" | "exec"
                    | "noexec"
                    | "suid"
                    | "nosuid"
                    | "dev"
                    | "nodev"
                    | "noatime"
                    | "atime"
            ) => {}
            _ => return Err(wrong()),
        }
    }
    let source = Source::Tmpfs {
        size: tmpfs_size(size),
        mode,
    };
    Ok(Wanted {
        source,
        destination,
        mode: options.into(),
        readonly,
        copy: false,
    })
}

/// `64m`, `1g`, `65536`.
fn parse_size(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(['k', 'm', 'g', 'b']);
    let factor = match lower[digits.len()..].trim_end_matches('b') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// An absolute path without `.`, `..` and doubled slashes, as Go's `path.Clean` gives it; never the root itself.
fn clean(path: &str) -> Result<String, EngineError> {
    if !path.starts_with('/') || path.contains('\0') {
        return Err(EngineError::Invalid(format!(
            "invalid mount path: '{path}' mount path must be absolute"
        )));
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    if parts.is_empty() {
        return Err(EngineError::Invalid(
            "invalid specification: destination can't be '/'".into(),
        ));
    }
    Ok(format!("/{}", parts.join("/")))
}

fn from_container(engine: &Engine, door: Door, from: &str) -> Result<Vec<Wanted>, EngineError> {
    let (reference, mode) = from.split_once(':').unwrap_or((from, ""));
    let readonly = match mode {
        "ro" => true,
        "" | "rw" | "z" | "Z" => false,
        _ => return Err(EngineError::Invalid(format!("invalid mode: {mode}"))),
    };
    let container = engine.containers.find(door, reference)?;
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
            MountKind::Tmpfs => Source::Tmpfs {
                size: point.tmpfs.0,
                mode: point.tmpfs.1,
            },
        },
        destination: point.destination.clone(),
        mode: String::new(),
        readonly: readonly || !point.rw,
        copy: false,
    };
    Ok(container.mounts.iter().map(inherit).collect())
}

/// Makes the volumes and the missing directories of the workstation. Blocks.
pub(crate) fn realise(engine: &Engine, plan: Vec<Wanted>) -> Result<Made, EngineError> {
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
            tmpfs: (0, 0),
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
            Source::Tmpfs { size, mode } => point.tmpfs = (size, mode),
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn binds_are_read_as_docker_reads_them() {
        let bind = parse_bind("/src:/dst/../x:ro").unwrap();
        assert_eq!(
            bind.source,
            Source::Bind {
                path: "/src".into(),
                make: true
            }
        );
        assert_eq!((bind.destination.as_str(), bind.readonly), ("/x", true));
        assert!(
            matches!(parse_bind("data:/x").unwrap().source, Source::Volume { name: Some(n), .. } if n == "data")
        );
        assert!(matches!(
            parse_bind("/x").unwrap().source,
            Source::Volume { name: None, .. }
        ));
    }

    #[test]
    fn mistakes_are_refused_in_dockers_words() {
        let said = |bind: &str| parse_bind(bind).unwrap_err().to_string();
        assert_eq!(said("a:b:c:d"), "invalid volume specification: 'a:b:c:d'");
        assert_eq!(
            said("/a:/"),
            "invalid volume specification: '/a:/': invalid specification: destination can't be '/'"
        );
        assert_eq!(
            said("a:rel"),
            "invalid volume specification: 'a:rel': invalid mount path: 'rel' mount path must be absolute"
        );
        assert_eq!(said("a:/x:rx"), "invalid mode: rx");
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(
            ["64m", "1G", "512", "2kb", "x", "1.5m"].map(parse_size),
            [
                Some(64 << 20),
                Some(1 << 30),
                Some(512),
                Some(2048),
                None,
                None
            ]
        );
    }
}
