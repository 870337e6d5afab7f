//! All execs, by id: those that ended stay for a while, so that their exit codes can be asked for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use drydock_spec::ContainerId;
use tokio::sync::watch;

use super::{Exec, ExecRequest, ExecState, Target};
use crate::error::EngineError;

/// How long one that ended can be asked about, as in Docker.
const KEPT: Duration = Duration::from_secs(300);

/// In one sandbox, those kept included.
const MOST: usize = 1000;

/// All execs.
#[derive(Debug, Default)]
pub(crate) struct Execs(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    exec: Arc<Exec>,
    ended: Option<Instant>,
}

impl Execs {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an exec that may be started later.
    pub(crate) fn create(
        &self,
        target: Target,
        request: ExecRequest,
    ) -> Result<Arc<Exec>, EngineError> {
        let mut all = self.lock();
        all.retain(|_, entry| entry.ended.is_none_or(|ended| ended.elapsed() < KEPT));
        if all.len() >= MOST {
            all.retain(|_, entry| entry.ended.is_none());
        }
        if all.len() >= MOST {
            return Err(EngineError::Conflict(format!(
                "a sandbox runs {MOST} execs at most; wait for some to end"
            )));
        }
        let exec = Arc::new(Exec {
            id: ContainerId::random(),
            target,
            request,
            state: watch::Sender::new(ExecState::default()),
        });
        all.insert(
            exec.id.to_string(),
            Entry {
                exec: exec.clone(),
                ended: None,
            },
        );
        Ok(exec)
    }

    /// The exec of that id.
    pub(crate) fn get(&self, id: &str) -> Result<Arc<Exec>, EngineError> {
        self.lock()
            .get(id)
            .map(|entry| entry.exec.clone())
            .ok_or_else(|| EngineError::NoSuchExec(id.into()))
    }

    /// Starts the time for which an ended one is kept.
    pub(super) fn ended(&self, exec: &Exec) {
        if let Some(entry) = self.lock().get_mut(exec.id.as_str()) {
            entry.ended = Some(Instant::now());
        }
    }

    /// Forgets one that nobody will ask about.
    pub(crate) fn forget(&self, exec: &Exec) {
        self.lock().remove(exec.id.as_str());
    }

    fn of<'a>(
        all: &'a HashMap<String, Entry>,
        id: &'a ContainerId,
    ) -> impl Iterator<Item = &'a Entry> {
        all.values()
            .filter(move |entry| matches!(&entry.exec.target, Target::Container(c) if c.id == *id))
    }

    /// Those of a container that have not ended, as `inspect` shows them.
    pub(crate) fn ids_of(&self, id: &ContainerId) -> Option<Vec<String>> {
        let all = self.lock();
        let live = Self::of(&all, id).filter(|entry| entry.ended.is_none());
        let ids: Vec<_> = live.map(|entry| entry.exec.id.to_string()).collect();
        (!ids.is_empty()).then_some(ids)
    }

    /// The first processes of a container's execs, in the engine's numbers.
    pub(crate) fn pids_of(&self, id: &ContainerId) -> Vec<i32> {
        let all = self.lock();
        Self::of(&all, id)
            .filter_map(|entry| entry.exec.state().process.map(|process| process.pid()))
            .collect()
    }

    /// A run is over: what was never started cannot be any more.
    pub(crate) fn container_ended(&self, id: &ContainerId) {
        self.lock().retain(|_, entry| {
            let never = !entry.exec.state().started;
            !(never && matches!(&entry.exec.target, Target::Container(c) if c.id == *id))
        });
    }

    /// Forgets a container's execs.
    pub(crate) fn container_removed(&self, id: &ContainerId) {
        self.lock()
            .retain(|_, entry| !matches!(&entry.exec.target, Target::Container(c) if c.id == *id));
    }
}
