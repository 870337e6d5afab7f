//! `--mount`, as it is written. Pure.

use drydock_runtime::container::Tmpfs;

use super::{bind::PROPAGATIONS, tmpfs::size_or_default};
use crate::{error::EngineError, wire::mount::MountRequest};

/// A mount that was asked for, before anything is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) source: Source,
    pub(super) destination: String,
    pub(super) mode: String,
    pub(super) readonly: bool,
    /// Fill a new volume from the image.
    pub(super) copy: bool,
    /// By `--tmpfs`.
    pub(super) hidden: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
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
    Tmpfs(Tmpfs),
}

pub(super) fn parse_mount(request: &MountRequest) -> Result<Wanted, EngineError> {
    let wrong = |why: String| {
        EngineError::Invalid(format!(
            "invalid mount config for type {:?}: {why}",
            request.kind
        ))
    };
    rules(request).map_err(wrong)?;
    let destination = clean(&request.target).map_err(|error| wrong(error.to_string()))?;
    let mut copy = true;
    let source = match request.kind.as_str() {
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
            let driver = options.driver_config.unwrap_or_default();
            if !matches!(driver.name.as_str(), "" | "local") {
                return Err(EngineError::NoSuchVolumeDriver(driver.name));
            }
            if let Some(option) = driver.options.keys().next() {
                return Err(crate::volume::driver_options(option));
            }
            copy = !options.no_copy;
            let name = Some(request.source.clone()).filter(|name| !name.is_empty());
            Source::Volume {
                name,
                labels: options.labels,
            }
        }
        _ => {
            let options = request.tmpfs_options.clone().unwrap_or_default();
            let mut tmpfs = Tmpfs::of_size(size_or_default(options.size_bytes));
            if let Some(mode) = u32::try_from(options.mode).ok().filter(|mode| *mode != 0) {
                tmpfs.mode = mode;
            }
            Source::Tmpfs(tmpfs)
        }
    };
    Ok(Wanted {
        source,
        destination,
        mode: String::new(),
        readonly: request.read_only,
        copy,
        hidden: false,
    })
}

/// What a mount of each type must and must not say.
fn rules(request: &MountRequest) -> Result<(), String> {
    let must = |field: &str| Err(format!("field {field} must not be empty"));
    let must_not = |field: &str| Err(format!("field {field} must not be specified"));
    if request.target.is_empty() {
        return must("Target");
    }
    clean(&request.target).map_err(|error| error.to_string())?;
    let absolute = request.source.starts_with('/');
    match request.kind.as_str() {
        "bind" => {
            let propagation = request
                .bind_options
                .as_ref()
                .map_or("", |options| options.propagation.as_str());
            if request.source.is_empty() {
                return must("Source");
            }
            if !propagation.is_empty() && !PROPAGATIONS.contains(&propagation) {
                return Err(format!("invalid propagation mode: {propagation}"));
            }
            if request.volume_options.is_some() {
                return must_not("VolumeOptions");
            }
            if !absolute {
                return Err(format!(
                    "invalid mount path: '{}' mount path must be absolute",
                    request.source
                ));
            }
        }
        "volume" if request.bind_options.is_some() => return must_not("BindOptions"),
        "volume" if request.source.is_empty() && request.read_only => {
            return Err("must not set ReadOnly mode when using anonymous volumes".into());
        }
        "volume" => {}
        "tmpfs" if request.bind_options.is_some() => return must_not("BindOptions"),
        "tmpfs" if !request.source.is_empty() => return must_not("Source"),
        "tmpfs" => {}
        _ => return Err("mount type unknown".into()),
    }
    Ok(())
}

fn unsupported(what: &str, next: &'static str) -> EngineError {
    EngineError::Unsupported {
        what: what.into(),
        next,
    }
}

/// An absolute path without `.`, `..` and doubled slashes, as Go's `path.Clean` gives it; never the root itself.
pub(super) fn clean(path: &str) -> Result<String, EngineError> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wire::mount::{BindOptions, VolumeOptions};

    #[test]
    fn each_type_has_fields_of_its_own() {
        let request = |kind: &str, source: &str| MountRequest {
            kind: kind.into(),
            source: source.into(),
            target: "/x".into(),
            ..MountRequest::default()
        };
        let said = |request: &MountRequest| parse_mount(request).unwrap_err().to_string();
        assert_eq!(
            said(&request("bind", "")),
            "invalid mount config for type \"bind\": field Source must not be empty"
        );
        assert!(said(&request("tmpfs", "y")).ends_with("field Source must not be specified"));
        assert!(said(&request("what", "")).ends_with("mount type unknown"));
        let volume = MountRequest {
            bind_options: Some(BindOptions::default()),
            ..request("volume", "v")
        };
        assert!(said(&volume).ends_with("field BindOptions must not be specified"));
        let part = MountRequest {
            volume_options: Some(VolumeOptions {
                subpath: "a".into(),
                ..VolumeOptions::default()
            }),
            ..request("volume", "v")
        };
        assert!(said(&part).contains("volume-subpath"));
    }
}
