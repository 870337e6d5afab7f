//! The end of a run, and what follows from it.

use std::{sync::Arc, time::Duration};

use drydock_spec::ContainerState;
use jiff::Timestamp;

use super::{pump::Pumps, remove, start};
use crate::{Engine, container::Container, process::Process};

/// Between restarts: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Waits for the end of one run, records it, and restarts or removes the container where that was asked for.
pub(super) fn watch(
    engine: Engine,
    container: Arc<Container>,
    process: Process,
    pumps: Pumps,
) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let code = process.wait().await.code();
        pumps.drain().await;
        container.streams.end();
        container.log.end_run();
        let pause = ended(&container, code);
        engine.execs.container_ended(&container.id);
        engine
            .events
            .tell(container.event("die", &[("exitCode", code.to_string())]));

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

/// Records the end; answers with how long to wait before the next run, if there is to be one.
fn ended(container: &Container, code: i32) -> Option<Duration> {
    let mut pause = None;
    container.state.send_modify(|state| {
        let ran = state.started_at.map_or(0, crate::clock::seconds_since);
        if wants_restart(container, code, state.restarts) && !state.asked_to_end {
            let doubled = u32::try_from(state.restarts.min(16)).unwrap_or(16);
            let next = FIRST_PAUSE * 2_u32.pow(doubled);
            pause = Some(if ran >= 10 {
                FIRST_PAUSE
            } else {
                next.min(LONGEST_PAUSE)
            });
            state.restarts += 1;
        }
        state.status = if pause.is_some() {
            ContainerState::Restarting
        } else {
            ContainerState::Exited
        };
        state.exit_code = code;
        state.finished_at = Some(Timestamp::now());
        state.process = None;
        state.seat = None;
        state.ends += 1;
    });
    pause
}

fn wants_restart(container: &Container, code: i32, restarts: u64) -> bool {
    let policy = &container.host.restart_policy;
    let most = u64::try_from(policy.maximum_retry_count).unwrap_or(0);
    match policy.name.as_str() {
        "always" | "unless-stopped" => true,
        "on-failure" => code != 0 && (most == 0 || restarts < most),
        _ => false,
    }
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
        let _ = start::in_turn(engine, container).await;
    }
}
