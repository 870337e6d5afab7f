//! `docker update`.

use std::sync::Arc;

use drydock_spec::ContainerState;

use super::{blocking, whole};
use crate::{
    Engine,
    container::{
        Container,
        create::{check, devices, refuse},
        limits::{self, Host},
    },
    error::EngineError,
    wire::HostConfig,
};

/// Changes a container's limits and its restart policy, also while it runs; answers with what should be said about it.
pub(crate) async fn update(
    engine: &Engine,
    container: &Arc<Container>,
    mut asked: HostConfig,
) -> Result<Vec<String>, EngineError> {
    let (engine, container) = (engine.clone(), container.clone());
    whole(async move {
        refuse::limits(&asked)?;
        if asked
            .devices
            .as_ref()
            .is_some_and(|asked| !asked.is_empty())
        {
            return Err(devices::refused());
        }
        check::restart_policy(&asked)?;
        let warnings = limits::check(&mut asked, &Host::of(&engine), true)?;
        let _alone = container.changing.lock().await;
        if matches!(
            container.status(),
            ContainerState::Removing | ContainerState::Dead
        ) {
            return Err(refused(
                &container,
                "container is marked for removal and cannot be \"update\"",
            ));
        }
        let new = limits::merge(&container.host_config(), &asked)
            .map_err(|why| refused(&container, why))?;
        apply(&container, &asked, &new).await?;
        container.set_host_config(new);
        engine.events.tell(container.event("update", &[]));
        Ok(warnings)
    })
    .await
}

fn refused(container: &Container, why: &str) -> EngineError {
    EngineError::Conflict(format!("Cannot update container {}: {why}", container.id))
}

/// To the groups of a container that runs. v2 counts swap alone, so it has to know the memory too.
async fn apply(
    container: &Container,
    asked: &HostConfig,
    new: &HostConfig,
) -> Result<(), EngineError> {
    let not_taken = |why: String| EngineError::NotTaken {
        container: container.id.to_string(),
        why,
    };
    let mut resources = limits::resources(asked).map_err(not_taken)?;
    if resources.memory_and_swap.is_some() {
        resources.memory = u64::try_from(new.memory).ok().filter(|memory| *memory > 0);
    }
    let Some(group) = container.state().group else {
        return Ok(());
    };
    let id = container.id.to_string();
    blocking(move || {
        group
            .limit(&resources)
            .map_err(|error| EngineError::NotTaken {
                container: id,
                why: error.to_string(),
            })
    })
    .await
}
