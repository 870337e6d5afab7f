//! The end of a run, and what follows from it.

use std::{sync::Arc, time::Duration};

use drydock_runtime::cgroup::ContainerGroup;
use drydock_spec::ContainerState;
use jiff::Timestamp;

use super::{
    announce, blocking, oom,
    pump::Pumps,
    remove,
    restart_policy::{next_pause, wants_another},
    start::{self, By},
};
use crate::{
    Engine,
    container::{Container, namespaces},
    error::EngineError,
    network::Seat,
    process::Process,
};

/// Waits for the end of one run, records it, and restarts or removes the container where that was asked for.
pub(super) fn watch(
    engine: Engine,
    container: Arc<Container>,
    process: Process,
    group: Arc<ContainerGroup>,
    pumps: Pumps,
) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let code = oom::until_end(&engine, &container, &process, &group).await;
        if namespaces::shares_pid(&container.host) {
            kill_rest(group.clone()).await;
        }
        tokio::spawn(remove_group(group));
        pumps.drain().await;
        container.streams.end();
        container.log.end_run();
        let End { pause, seat } = ended(&container, code);
        engine.execs.container_ended(&container.id);
        engine
            .events
            .tell(container.event("die", &[("exitCode", code.to_string())]));
        if let Some(seat) = seat {
            announce::detached(&engine, &container, &seat);
        }

        if let Some(pause) = pause {
            restart(&engine, &container, pause).await;
        } else if container.host.auto_remove {
            let _turn = container.turn.lock().await;
            // Somebody may have started it again before it was our turn.
            if !container.state.borrow().is_running() {
                remove::quietly(&engine, &container).await;
            }
        }
    })
}

/// Those whom the kernel does not kill: the first process was not the first of its namespace.
async fn kill_rest(group: Arc<ContainerGroup>) {
    let kill = move || {
        group
            .kill()
            .map_err(EngineError::os("end what is left of a container"))
    };
    if let Err(error) = blocking(kill).await {
        tracing::warn!(%error, "a container's processes stay behind");
    }
}

/// What is left of a run.
struct End {
    /// How long to wait before the next run, if there is to be one.
    pause: Option<Duration>,
    seat: Option<Seat>,
}

/// Records the end.
fn ended(container: &Container, code: i32) -> End {
    let mut end = End {
        pause: None,
        seat: None,
    };
    container.state.send_modify(|state| {
        let now = Timestamp::now();
        let again = wants_another(
            &container.host_config().restart_policy,
            code,
            state.restarts,
        );
        if again && !state.asked_to_end {
            let ran = state.started_at.map_or(now, |at| at);
            let ran = Duration::try_from(now.duration_since(ran)).unwrap_or_default();
            state.backoff = next_pause(state.backoff, ran);
            state.restarts += 1;
            end.pause = Some(state.backoff);
        }
        state.status = if end.pause.is_some() {
            ContainerState::Restarting
        } else {
            ContainerState::Exited
        };
        state.exit_code = code;
        state.finished_at = Some(now);
        state.process = None;
        end.seat = state.seat.take();
        state.group = None;
        state.ends += 1;
        if let Some(health) = &mut state.health {
            Arc::make_mut(health).unwatched();
        }
    });
    end
}

/// The kernel lets go of a group a moment after its last process: asked again, at growing intervals, for about a
/// second.
async fn remove_group(group: Arc<ContainerGroup>) {
    for attempt in 0..10 {
        let removing = group.clone();
        let remove = move || {
            removing
                .remove()
                .map_err(EngineError::os("remove a cgroup"))
        };
        match blocking(remove).await {
            Ok(()) => return,
            Err(_) => tokio::time::sleep(Duration::from_millis(1 << attempt)).await,
        }
    }
    tracing::warn!("a container's cgroup stays behind");
}

async fn restart(engine: &Engine, container: &Arc<Container>, pause: Duration) {
    let mut changes = container.watch();
    let changed = changes.wait_for(|state| state.status != ContainerState::Restarting);
    if tokio::time::timeout(pause, changed).await.is_ok() {
        return;
    }
    let _turn = container.turn.lock().await;
    if container.status() == ContainerState::Restarting {
        // A failure is recorded in the container's state.
        let _ = start::in_turn(engine, container, By::Policy).await;
    }
}
