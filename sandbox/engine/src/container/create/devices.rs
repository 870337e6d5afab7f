//! `--device`: a sandbox has none to pass on. Which are missing is told as Docker tells it, at the start.

use std::path::Path;

use drydock_runtime::launch::PathKind;
use serde_json::Value;

use crate::{Engine, error::EngineError, wire::HostConfig};

/// Refuses those that are there. Blocks.
pub(super) fn check(engine: &Engine, host: &HostConfig) -> Result<(), EngineError> {
    for path in paths(host) {
        if kind(engine, path)? != PathKind::Missing {
            return Err(refused());
        }
    }
    Ok(())
}

/// Of a container that is about to start: names what is missing, or refuses what has appeared since. Blocks.
pub(crate) fn at_start(engine: &Engine, host: &HostConfig) -> Result<(), EngineError> {
    let Some(path) = paths(host).next() else {
        return Ok(());
    };
    match kind(engine, path)? {
        PathKind::Missing => Err(EngineError::Failed(format!(
            "error gathering device information while adding custom device {path:?}: no such file or directory"
        ))),
        PathKind::Dir | PathKind::File => Err(refused()),
    }
}

/// Also of `docker update`.
pub(crate) fn refused() -> EngineError {
    EngineError::Unsupported {
        what: "pass devices on (--device)".into(),
        next: "containers of a sandbox have no devices of the host; leave the flag out",
    }
}

fn paths(host: &HostConfig) -> impl Iterator<Item = &str> {
    let devices = host.devices.iter().flatten();
    devices.map(|device| {
        device
            .get("PathOnHost")
            .and_then(Value::as_str)
            .unwrap_or_default()
    })
}

fn kind(engine: &Engine, path: &str) -> Result<PathKind, EngineError> {
    engine
        .launcher
        .workstation_path(Path::new(path))
        .map_err(EngineError::Start)
}
