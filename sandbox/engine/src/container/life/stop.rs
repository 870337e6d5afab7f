//! Signals, stop and restart.

use std::{sync::Arc, time::Duration};

use drydock_spec::ContainerState;
use tokio::time::timeout;

use super::{
    pause,
    start::{self, By},
    whole,
};
use crate::{Engine, container::Container, error::EngineError};

const KILL: i32 = 9;

/// Docker's default, in seconds.
const GRACE: i64 = 10;

/// After this, a killed process is stuck in the kernel.
const KILLED_WITHIN: Duration = Duration::from_secs(10);

/// Sends a signal. Any that may be meant to end it also rests its restart policy: all of them, unless the container
/// names a stop signal of its own. While it waits for its next run, that is all that happens.
pub(crate) fn kill(
    engine: &Engine,
    container: &Arc<Container>,
    signal: i32,
) -> Result<(), EngineError> {
    let state = container.state();
    let waits = state.status == ContainerState::Restarting;
    if state.process.is_none() && !waits {
        let text = format!(
            "Cannot kill container: {}: {}",
            container.name(),
            EngineError::NotRunning(container.id.to_string())
        );
        return Err(EngineError::Conflict(text));
    }
    let own = container.config.stop_signal.as_deref().unwrap_or_default();
    let ends = signal == KILL || own.is_empty() || signal == container.stop_signal();
    if ends {
        container.state.send_modify(|state| {
            state.asked_to_end = true;
            if state.status == ContainerState::Restarting {
                state.status = ContainerState::Exited;
            }
        });
    }
    let Some(process) = state.process else {
        return Ok(());
    };
    process
        .signal(signal)
        .map_err(EngineError::os("send a signal"))?;
    engine
        .events
        .tell(container.event("kill", &[("signal", signal.to_string())]));
    if ends {
        pause::thaw_to_end(engine, container);
    }
    Ok(())
}

/// What `docker stop` may say otherwise.
#[derive(Debug, Clone, Default)]
pub(crate) struct StopOptions {
    /// Seconds before SIGKILL; negative waits for ever.
    pub grace: Option<i64>,
    pub signal: Option<i32>,
}

/// Asks a container to end, then ends it. One that does not run is [`EngineError::NotModified`].
pub(crate) async fn stop(
    engine: &Engine,
    container: &Arc<Container>,
    options: StopOptions,
) -> Result<(), EngineError> {
    let (engine, container) = (engine.clone(), container.clone());
    whole(async move {
        let _turn = container.turn.lock().await;
        in_turn(&engine, &container, &options).await
    })
    .await
}

async fn in_turn(
    engine: &Engine,
    container: &Arc<Container>,
    options: &StopOptions,
) -> Result<(), EngineError> {
    if container.status() == ContainerState::Restarting {
        container.state.send_modify(|state| {
            state.asked_to_end = true;
            state.status = ContainerState::Exited;
        });
        engine.events.tell(container.event("stop", &[]));
        return Ok(());
    }
    if !container.state().is_running() {
        return Err(EngineError::NotModified);
    }
    container
        .state
        .send_modify(|state| state.asked_to_end = true);
    let signal = options.signal.unwrap_or_else(|| container.stop_signal());
    let signal = Some(signal).filter(|signal| crate::signals::is_sendable(*signal));
    // What cannot be sent is passed over, as Docker does.
    kill(engine, container, signal.unwrap_or(KILL)).or_else(unless_ended)?;
    let grace = options
        .grace
        .or(container.config.stop_timeout)
        .unwrap_or(GRACE);
    let ended = match u64::try_from(grace) {
        Ok(seconds) => timeout(Duration::from_secs(seconds), ended(container))
            .await
            .is_ok(),
        Err(_) => {
            ended(container).await;
            true
        }
    };
    if !ended {
        kill(engine, container, KILL).or_else(unless_ended)?;
        self::killed(container).await?;
    }
    engine.events.tell(container.event("stop", &[]));
    Ok(())
}

/// It ended by itself in the meantime: just what was wanted.
fn unless_ended(error: EngineError) -> Result<(), EngineError> {
    match error {
        EngineError::Conflict(_) => Ok(()),
        other => Err(other),
    }
}

/// Waits for the end of the current run.
async fn ended(container: &Container) {
    let mut changes = container.watch();
    let _ = changes.wait_for(|state| !state.is_running()).await;
}

/// Waits for the end of a run that was killed.
pub(crate) async fn killed(container: &Container) -> Result<(), EngineError> {
    timeout(KILLED_WITHIN, ended(container)).await.map_err(|_| {
        EngineError::Conflict(format!(
            "Cannot kill container: {}: it did not end",
            container.id
        ))
    })
}

/// Stops and starts, within one turn.
pub(crate) async fn restart(
    engine: &Engine,
    container: &Arc<Container>,
    options: StopOptions,
) -> Result<(), EngineError> {
    let (engine, container) = (engine.clone(), container.clone());
    whole(async move {
        let _turn = container.turn.lock().await;
        match in_turn(&engine, &container, &options).await {
            Ok(()) | Err(EngineError::NotModified) => {}
            Err(error) => return Err(error),
        }
        start::in_turn(&engine, &container, By::Somebody).await?;
        engine.events.tell(container.event("restart", &[]));
        Ok(())
    })
    .await
}
