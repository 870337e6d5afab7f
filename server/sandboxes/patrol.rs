//! Ends what is over, notices what died, and records why.

use std::{collections::HashSet, time::SystemTime};

use drydock_spec::SandboxId;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Sandboxes;
use crate::{
    config::PATROL_PERIOD,
    store::{StoreError, sandboxes::EndReason},
};

impl Sandboxes {
    /// Goes the rounds until the server goes down. `each_round` is for other things that age.
    pub async fn patrol(self, shutdown: CancellationToken, each_round: impl Fn()) {
        let mut rounds = interval(PATROL_PERIOD);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = HashSet::new();
        while shutdown.run_until_cancelled(rounds.tick()).await.is_some() {
            seen = self.round(&seen).await;
            each_round();
        }
    }

    /// One round; `before` are those that lived at the last one. Returns those that live now.
    async fn round(&self, before: &HashSet<SandboxId>) -> HashSet<SandboxId> {
        let now = SystemTime::now();
        let mut living = HashSet::new();
        for sandbox in self.own() {
            if !sandbox.alive() {
                // Also one that died between two rounds: what it left on the host must go.
                self.end_for(&sandbox, EndReason::Died).await;
            } else if sandbox.ends_at() <= now {
                self.end_for(&sandbox, EndReason::Expired).await;
            } else {
                living.insert(sandbox.id());
            }
        }
        for gone in before.difference(&living) {
            // The first recorded reason stands; this one is for those that left without any.
            self.0.record_end(*gone, EndReason::Died).await;
        }
        living
    }

    /// Those that ran when the server last looked, and are not found any more.
    pub(super) async fn bury_the_lost(&self) -> Result<(), StoreError> {
        let found: HashSet<_> = self
            .own()
            .iter()
            .filter(|sandbox| sandbox.alive())
            .map(super::Sandbox::id)
            .collect();
        for id in self.0.store.open_sandboxes().await? {
            if !found.contains(&id) {
                self.0.store.sandbox_ended(id, EndReason::Lost).await?;
            }
        }
        Ok(())
    }
}
