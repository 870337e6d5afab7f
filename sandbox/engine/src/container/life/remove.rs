//! Removal: the record, the files, and the volumes that were the container's own.

use std::{io, sync::Arc};

use drydock_spec::ContainerState;

use super::{blocking, stop, whole};
use crate::{
    Engine, container::Container, error::EngineError, events::Event, wire::mount::MountKind,
};

/// What `docker rm` may say otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RemoveOptions {
    /// Kill it first.
    pub force: bool,
    /// Also the volumes without a name.
    pub volumes: bool,
}

/// Removes a container.
pub(crate) async fn remove(
    engine: &Engine,
    container: &Arc<Container>,
    options: RemoveOptions,
) -> Result<(), EngineError> {
    let (engine, container) = (engine.clone(), container.clone());
    whole(async move {
        let run = container.state().started_at;
        let kills = options.force && alive(&container);
        if kills {
            // Not in turn: whoever waits for a stop's grace gets out of the way.
            let _ = stop::kill(&engine, &container, 9);
        }
        let _turn = container.turn.lock().await;
        if container.state().removed {
            return Err(EngineError::Conflict(format!(
                "removal of container {} is already in progress",
                container.id
            )));
        }
        if alive(&container) {
            if !options.force {
                return Err(running(&container));
            }
            // Somebody may have started it again before it was our turn.
            if !kills || container.state().started_at != run {
                let _ = stop::kill(&engine, &container, 9);
            }
            stop::killed(&container).await?;
        }
        gone(&engine, &container, options.volumes).await
    })
    .await
}

/// Runs, or will run again by its policy.
fn alive(container: &Container) -> bool {
    let status = container.status();
    container.state().is_running() || status == ContainerState::Restarting
}

fn running(container: &Container) -> EngineError {
    let status = container.status();
    let procedure = match status {
        ContainerState::Paused => {
            "Unpause and then stop the container before attempting removal or force remove"
        }
        _ => "Stop the container before attempting removal or force remove",
    };
    EngineError::Conflict(format!(
        "You cannot remove a {} container {}. {procedure}",
        status.as_str(),
        container.id
    ))
}

/// As `--rm` does at the end of a run, for whoever holds the container's turn.
pub(super) async fn quietly(engine: &Engine, container: &Arc<Container>) {
    if container.state().removed {
        return;
    }
    if let Err(error) = gone(engine, container, true).await {
        tracing::warn!(%error, id = %container.id, "could not remove a container");
    }
}

async fn gone(
    engine: &Engine,
    container: &Arc<Container>,
    volumes: bool,
) -> Result<(), EngineError> {
    container
        .state
        .send_modify(|state| state.status = ContainerState::Removing);
    let dir = container.dir.clone();
    let removed = blocking(move || match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(EngineError::Os {
            action: "remove the container's files",
            source: error,
        }),
        _ => Ok(()),
    })
    .await;
    if let Err(error) = removed {
        container
            .state
            .send_modify(|state| state.status = ContainerState::Dead);
        return Err(error);
    }
    engine.execs.container_removed(&container.id);
    engine.containers.remove(container);
    if volumes {
        remove_own_volumes(engine, container);
    }
    engine.events.tell(container.event("destroy", &[]));
    container.streams.end();
    container.state.send_modify(|state| state.removed = true);
    Ok(())
}

fn remove_own_volumes(engine: &Engine, container: &Container) {
    for point in container
        .mounts
        .iter()
        .filter(|point| point.kind == MountKind::Volume)
    {
        let anonymous = engine
            .volumes
            .get(&point.name)
            .is_ok_and(|volume| volume.anonymous);
        let unused = anonymous && users(engine, &point.name).is_empty();
        if unused && engine.volumes.remove(&point.name).is_ok() {
            let event = Event::new(
                "volume",
                "destroy",
                &point.name,
                [("driver".into(), "local".into())].into(),
            );
            engine.events.tell(event.hidden(container.hidden));
        }
    }
}

/// The containers that have a volume mounted.
pub(crate) fn users(engine: &Engine, volume: &str) -> Vec<Arc<Container>> {
    let uses = |container: &Arc<Container>| {
        container
            .mounts
            .iter()
            .any(|point| point.kind == MountKind::Volume && point.name == volume)
    };
    engine.containers.all().into_iter().filter(uses).collect()
}
