//! Notices which sandboxes are gone, and records why.
//!
//! A sandbox is ended on time by whoever started it, also while no server looks; what is left to do
//! here is to tell the learner about it.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime},
};

use drydock_spec::SandboxId;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Sandboxes;
use crate::{
    config::PATROL_PERIOD,
    store::{StoreError, sandboxes::EndReason},
};

/// A sandbox that ended so shortly before its time was over ended on time.
const PUNCTUAL: Duration = Duration::from_secs(3);

/// Those that lived at the last round, and when their time will be over.
type Seen = HashMap<SandboxId, SystemTime>;

impl Sandboxes {
    /// Goes the rounds until the server goes down. `each_round` is for other things that age.
    pub async fn patrol(self, shutdown: CancellationToken, each_round: impl Fn()) {
        let mut rounds = interval(PATROL_PERIOD);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = Seen::new();
        while shutdown.run_until_cancelled(rounds.tick()).await.is_some() {
            seen = self.round(&seen).await;
            each_round();
        }
    }

    /// One round; gives those that live now.
    async fn round(&self, before: &Seen) -> Seen {
        let living: Seen = self
            .own()
            .into_iter()
            .map(|sandbox| (sandbox.id(), sandbox.ends_at()))
            .collect();
        for (id, ends_at) in before {
            if !living.contains_key(id) {
                // The first recorded reason stands; this one is for those that left without any.
                self.0
                    .record_end(*id, on_time_or(*ends_at, EndReason::Died))
                    .await;
            }
        }
        living
    }

    /// Those that ran when the server last looked, and are not found any more.
    pub(super) async fn bury_the_lost(&self) -> Result<(), StoreError> {
        let found: HashSet<_> = self.own().iter().map(super::Sandbox::id).collect();
        for (id, ends_at) in self.0.store.open_sandboxes().await? {
            if !found.contains(&id) {
                let reason = on_time_or(ends_at, EndReason::Lost);
                self.0.store.sandbox_ended(id, reason).await?;
            }
        }
        Ok(())
    }
}

fn on_time_or(ends_at: SystemTime, otherwise: EndReason) -> EndReason {
    if ends_at <= SystemTime::now() + PUNCTUAL {
        EndReason::Expired
    } else {
        otherwise
    }
}
