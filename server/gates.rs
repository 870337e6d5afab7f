//! One thing at a time per learner.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::learner::LearnerId;

/// Forgotten gates are swept when the table has grown to this, and to twice what is left after it.
const SWEEP_AT: usize = 256;

/// A lock per learner; those that nobody holds or waits for take no room for long.
#[derive(Debug, Default)]
pub struct Gates {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    gates: HashMap<LearnerId, Weak<AsyncMutex<()>>>,
    sweep_at: usize,
}

impl Gates {
    /// Waits until nothing else of this learner goes on.
    pub async fn enter(&self, learner: LearnerId) -> OwnedMutexGuard<()> {
        let gate = self.gate(learner);
        gate.lock_owned().await
    }

    fn gate(&self, learner: LearnerId) -> Arc<AsyncMutex<()>> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = table.gates.get(&learner).and_then(Weak::upgrade) {
            return gate;
        }
        if table.gates.len() >= table.sweep_at.max(SWEEP_AT) {
            table.gates.retain(|_, gate| gate.strong_count() > 0);
            table.sweep_at = table.gates.len() * 2;
        }
        let gate = Arc::new(AsyncMutex::new(()));
        table.gates.insert(learner, Arc::downgrade(&gate));
        gate
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_learner_waits_for_itself_and_for_nobody_else() {
        let gates = Gates::default();
        let me = LearnerId::random();
        let held = gates.enter(me).now_or_never().unwrap();
        assert!(gates.enter(me).now_or_never().is_none());
        assert!(gates.enter(LearnerId::random()).now_or_never().is_some());
        drop(held);
        assert!(gates.enter(me).now_or_never().is_some());
    }

    #[test]
    fn the_table_does_not_grow_with_visitors() {
        let gates = Gates::default();
        for _ in 0..10 * SWEEP_AT {
            let _ = gates.enter(LearnerId::random()).now_or_never();
        }
        assert!(gates.table.lock().unwrap().gates.len() <= SWEEP_AT);
    }
}
