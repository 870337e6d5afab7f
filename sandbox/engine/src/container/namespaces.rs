//! Namespaces that a container shares, by `--pid`, `--ipc` and `--uts`: with whom, and whether that can be.
//!
//! The host's are the workstation's. Deliberately absent: the network's, see [`super::create`].

use std::os::fd::BorrowedFd;

use drydock_runtime::{
    container::{Namespace, Reach},
    launch::Donors,
};

use super::{Container, spec};
use crate::{Engine, doors::Door, error::EngineError, process::Process, wire::HostConfig};

/// Begins a mode that names a container.
const CONTAINER: &str = "container:";

/// Whose namespace a mode asks for.
pub(crate) fn whose(mode: &str) -> Namespace {
    match mode {
        "host" => Namespace::Workstation,
        other if other.starts_with(CONTAINER) => Namespace::Container,
        _ => Namespace::Own,
    }
}

/// Whether its processes do not end with its first one, which is not the first of its namespace.
pub(crate) fn shares_pid(host: &HostConfig) -> bool {
    whose(&host.pid_mode) != Namespace::Own
}

/// Of a request: puts ids in the place of names, and refuses what cannot be.
pub(super) fn resolve(
    engine: &Engine,
    door: Door,
    host: &mut HostConfig,
) -> Result<(), EngineError> {
    for mode in [&mut host.pid_mode, &mut host.ipc_mode] {
        let Some(name) = mode.strip_prefix(CONTAINER).filter(|name| !name.is_empty()) else {
            continue;
        };
        // Docker blames the request, not the container.
        let found = engine.containers.find(door, name);
        let donor = found.map_err(|error| EngineError::Invalid(error.to_string()))?;
        *mode = format!("{CONTAINER}{}", donor.id);
    }
    if !shares_pid(host) {
        return Ok(());
    }
    let (_, reach) = spec::powers(engine, host)?;
    if reach == Reach::Container {
        return Err(EngineError::Unsupported {
            what: "share process numbers (--pid) with capabilities beyond Docker's own".into(),
            next: "leave out one of the two: such a container has power over itself only",
        });
    }
    // Without groups nobody knows afterwards which processes were the container's.
    if engine.launcher.groups().is_none() {
        return Err(EngineError::without_groups("share process numbers (--pid)"));
    }
    Ok(())
}

/// The first processes of those who share with a container that is about to start.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    pid: Option<Process>,
    ipc: Option<Process>,
}

impl Sharing {
    /// Finds them; each must run.
    pub(super) fn of(engine: &Engine, container: &Container) -> Result<Self, EngineError> {
        let host = &container.host;
        let mut sharing = Self::default();
        if let Some(id) = host.pid_mode.strip_prefix(CONTAINER) {
            sharing.pid = Some(running(&*engine.containers.find(Door::Control, id)?)?);
        }
        if let Some(id) = host.ipc_mode.strip_prefix(CONTAINER) {
            let donor = ipc_donor(engine, id).map_err(|why| {
                EngineError::Failed(format!("can't join IPC of container {id}: {why}"))
            })?;
            sharing.ipc = Some(donor);
        }
        Ok(sharing)
    }

    pub(super) fn donors(&self) -> Donors<'_> {
        fn pidfd(process: Option<&Process>) -> Option<BorrowedFd<'_>> {
            process.map(Process::pidfd)
        }
        Donors {
            pid: pidfd(self.pid.as_ref()),
            ipc: pidfd(self.ipc.as_ref()),
        }
    }
}

fn running(donor: &Container) -> Result<Process, EngineError> {
    let not_running = || EngineError::Conflict(format!("container {} is not running", donor.id));
    donor.state().process.ok_or_else(not_running)
}

fn ipc_donor(engine: &Engine, id: &str) -> Result<Process, EngineError> {
    if id.is_empty() {
        return Err(EngineError::Invalid(
            "invalid name or ID supplied: \"\"".into(),
        ));
    }
    let donor = engine.containers.find(Door::Control, id)?;
    let process = running(&donor)?;
    let mode = donor.host.ipc_mode.as_str();
    if mode != "shareable" && whose(mode) == Namespace::Own {
        return Err(EngineError::Invalid(
            "non-shareable IPC (hint: use IpcMode:shareable for the donor container)".into(),
        ));
    }
    Ok(process)
}
