//! `docker pause` and `docker unpause`: the freezer.

use std::sync::Arc;

use drydock_runtime::cgroup::ContainerGroup;
use drydock_spec::ContainerState;

use super::{blocking, whole};
use crate::{Engine, container::Container, error::EngineError};

/// Stops all processes of a container where they are.
pub(crate) async fn pause(engine: &Engine, container: &Arc<Container>) -> Result<(), EngineError> {
    let (engine, container) = (engine.clone(), container.clone());
    if !engine.launcher.groups().abilities().freezer {
        return Err(EngineError::without_groups(
            "freeze containers (docker pause)",
        ));
    }
    whole(async move {
        let _alone = container.changing.lock().await;
        let group = running_group(&container)?;
        let frozen = group.clone();
        blocking(move || {
            frozen
                .freeze()
                .map_err(EngineError::os("freeze the container"))
        })
        .await?;
        let mut paused = false;
        container.state.send_if_modified(|state| {
            paused = state.status == ContainerState::Running
                && state
                    .group
                    .as_ref()
                    .is_some_and(|now| Arc::ptr_eq(now, &group));
            if paused {
                state.status = ContainerState::Paused;
            }
            paused
        });
        if !paused {
            // It has ended meanwhile.
            let _ = group.thaw();
            return Err(EngineError::NotRunning(container.id.to_string()));
        }
        engine.events.tell(container.event("pause", &[]));
        Ok(())
    })
    .await
}

/// The group of a container that runs, in Docker's words where it does not.
fn running_group(container: &Container) -> Result<Arc<ContainerGroup>, EngineError> {
    let (id, state) = (&container.id, container.state());
    match (state.status, state.group) {
        (ContainerState::Running, Some(group)) => Ok(group),
        (ContainerState::Paused, _) => Err(EngineError::Conflict(format!(
            "Container {id} is already paused"
        ))),
        (ContainerState::Restarting, _) => Err(EngineError::Conflict(format!(
            "Container {id} is restarting, wait until the container is running"
        ))),
        _ => Err(EngineError::NotRunning(id.to_string())),
    }
}

/// Lets them run on.
pub(crate) async fn unpause(
    engine: &Engine,
    container: &Arc<Container>,
) -> Result<(), EngineError> {
    let (engine, container) = (engine.clone(), container.clone());
    whole(async move {
        let _alone = container.changing.lock().await;
        if container.status() != ContainerState::Paused {
            return Err(EngineError::Conflict(format!(
                "Container {} is not paused",
                container.id
            )));
        }
        thaw(&engine, &container)
    })
    .await
}

/// A signal that is to end a paused container lets it run on first, as Docker does: frozen, it would not notice.
pub(super) fn thaw_to_end(engine: &Engine, container: &Arc<Container>) {
    // Whoever is freezing it just now finds the signal sent, and the container ending.
    let paused = container.status() == ContainerState::Paused;
    let freezing = container.changing.try_lock().is_err();
    if !paused && !freezing {
        return;
    }
    let (engine, container) = (engine.clone(), container.clone());
    tokio::spawn(async move {
        let _alone = container.changing.lock().await;
        if container.status() == ContainerState::Paused
            && let Err(error) = thaw(&engine, &container)
        {
            tracing::warn!(%error, id = %container.id, "a paused container stays frozen");
        }
    });
}

fn thaw(engine: &Engine, container: &Container) -> Result<(), EngineError> {
    if let Some(group) = container.state().group {
        group
            .thaw()
            .map_err(EngineError::os("thaw the container"))?;
    }
    container.state.send_if_modified(|state| {
        let was = state.status == ContainerState::Paused;
        if was {
            state.status = ContainerState::Running;
        }
        was
    });
    engine.events.tell(container.event("unpause", &[]));
    Ok(())
}

/// At the sandbox's end: what is frozen would not die with it.
pub(crate) fn thaw_all(engine: &Engine) {
    for container in engine.containers.all() {
        if let Some(group) = container.state().group {
            let _ = group.thaw();
        }
    }
}
