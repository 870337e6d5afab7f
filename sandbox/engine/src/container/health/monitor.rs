//! All checks of one run, one after the other, until it ends.

use std::{sync::Arc, time::Duration};

use drydock_spec::ContainerState;
use jiff::Timestamp;
use tokio::sync::watch;

use super::{Health, HealthStatus, ProbeResult, plan::Plan, probe};
use crate::{
    Engine,
    container::{Container, State},
    process::Process,
};

/// Checks until the run ends. A paused container is not checked; a check that is under way then counts for nothing.
pub(crate) async fn watch(engine: Engine, container: Arc<Container>, process: Process, plan: Plan) {
    let monitor = Monitor {
        engine,
        container,
        plan,
        started: Timestamp::now(),
    };
    tokio::select! {
        () = monitor.check() => {}
        _ = process.wait() => {}
    }
}

struct Monitor {
    engine: Engine,
    container: Arc<Container>,
    plan: Plan,
    started: Timestamp,
}

impl Monitor {
    async fn check(&self) {
        let mut changes = self.container.watch();
        loop {
            let result = tokio::select! {
                () = is(&mut changes, ContainerState::Paused) => None,
                result = self.next() => Some(result),
            };
            match result {
                Some(result) => self.record(result),
                None => {
                    self.unwatched();
                    is(&mut changes, ContainerState::Running).await;
                }
            }
        }
    }

    async fn next(&self) -> ProbeResult {
        let health = self.container.state().health;
        let status = health.map_or(HealthStatus::Starting, |health| health.status());
        tokio::time::sleep(self.plan.pause(status, self.since_start())).await;
        probe::run(&self.engine, &self.container, &self.plan).await
    }

    fn since_start(&self) -> Duration {
        Duration::try_from(Timestamp::now().duration_since(self.started)).unwrap_or_default()
    }

    fn record(&self, result: ProbeResult) {
        let begun =
            Duration::try_from(result.start.duration_since(self.started)).unwrap_or_default();
        let mut changed = None;
        self.change(|health| changed = health.record(result, &self.plan, begun));
        if let Some(status) = changed {
            let action = format!("health_status: {}", status.as_str());
            self.engine.events.tell(self.container.event(action, &[]));
        }
    }

    fn unwatched(&self) {
        self.change(Health::unwatched);
    }

    fn change(&self, change: impl FnOnce(&mut Health)) {
        self.container.state.send_modify(|state| {
            if let Some(health) = &mut state.health {
                change(Arc::make_mut(health));
            }
        });
    }
}

/// Returns when the container is in that state.
async fn is(changes: &mut watch::Receiver<State>, wanted: ContainerState) {
    if changes
        .wait_for(|state| state.status == wanted)
        .await
        .is_err()
    {
        std::future::pending::<()>().await;
    }
}
