//! Build contexts, kept from one build to the next so that only changed files are sent.
//!
//! - [`Contexts`]: which ones there are, which is whose, and for how long.
//! - [`dir`]: one of them: its files, and what is known of them.

mod dir;

use std::{
    io::Read,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use drydock_api::build::{CacheRecord, ContextAnswer, Manifest};
use drydock_spec::ContainerId;
use jiff::Timestamp;

pub(super) use self::dir::ContextDir;
use super::cache::PruneRules;
use crate::{clock, error::EngineError};

/// Contexts that are kept; the least used goes first.
const KEPT: usize = 8;

/// Contexts at most, with those that builds use or are about to use.
const MOST: usize = 64;

/// So long after its last request a context is still for the client that asked.
const RESERVED: Duration = Duration::from_secs(60);

/// The contexts of a sandbox.
#[derive(Debug, Default)]
pub(super) struct Contexts(Mutex<Vec<Slot>>);

#[derive(Debug)]
struct Slot {
    id: String,
    key: Option<String>,
    dir: Arc<ContextDir>,
    reserved: Option<Instant>,
    created: Timestamp,
    used: Timestamp,
    count: u64,
}

impl Slot {
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.dir) == 1
            && self.reserved.is_none_or(|since| since.elapsed() > RESERVED)
    }
}

impl Contexts {
    /// Begins an upload below `parent`: makes the context hold just what the manifest lists, and says which files'
    /// content is wanted.
    ///
    /// # Errors
    /// A manifest that is hostile or over the bounds.
    pub(super) fn begin(
        &self,
        parent: &Path,
        manifest: Manifest,
    ) -> Result<ContextAnswer, EngineError> {
        dir::check(&manifest.entries)?;
        let (id, dir) = self.slot(parent, Some(manifest.key))?;
        let wanted = dir.expect(manifest.entries)?;
        Ok(ContextAnswer { id, wanted })
    }

    /// Unpacks the files that were wanted.
    ///
    /// # Errors
    /// No such context, or an archive that is hostile or over the bounds.
    pub(super) fn fill(&self, id: &str, archive: impl Read) -> Result<(), EngineError> {
        let dir = self
            .find(id)
            .ok_or_else(|| EngineError::Invalid(format!("no such build context: {id}")))?;
        dir.fill(archive)
    }

    /// A context of a whole archive, compressed or not.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub(super) fn unpack(
        &self,
        parent: &Path,
        archive: impl Read,
    ) -> Result<ContextAnswer, EngineError> {
        let (id, dir) = self.slot(parent, None)?;
        dir.unpack(archive)?;
        Ok(ContextAnswer {
            id,
            wanted: Vec::new(),
        })
    }

    /// The context, which stays as it is while the answer lives.
    pub(super) fn take(&self, id: &str) -> Option<Arc<ContextDir>> {
        let mut slots = self.lock();
        let slot = slots.iter_mut().find(|slot| slot.id == id)?;
        slot.reserved = None;
        slot.used = Timestamp::now();
        slot.count += 1;
        Some(slot.dir.clone())
    }

    fn find(&self, id: &str) -> Option<Arc<ContextDir>> {
        let mut slots = self.lock();
        let slot = slots.iter_mut().find(|slot| slot.id == id)?;
        slot.reserved = Some(Instant::now());
        Some(slot.dir.clone())
    }

    /// The idle context of that key, or a new one.
    fn slot(
        &self,
        parent: &Path,
        key: Option<String>,
    ) -> Result<(String, Arc<ContextDir>), EngineError> {
        let mut slots = self.lock();
        let now = Some(Instant::now());
        let known = slots
            .iter_mut()
            .find(|slot| key.is_some() && slot.key == key && slot.is_idle());
        if let Some(slot) = known {
            slot.reserved = now;
            return Ok((slot.id.clone(), slot.dir.clone()));
        }
        let gone = make_room(&mut slots);
        if slots.len() >= MOST {
            return Err(EngineError::Conflict(
                "too many build contexts are in use; wait for a build to end".into(),
            ));
        }
        // The newest of a key is the one that is found.
        for slot in slots
            .iter_mut()
            .filter(|slot| key.is_some() && slot.key == key)
        {
            slot.key = None;
        }
        let id = ContainerId::random().to_string();
        let dir = ContextDir::create(&parent.join(&id))
            .map_err(EngineError::os("make a build context"))?;
        let dir = Arc::new(dir);
        slots.push(Slot {
            id: id.clone(),
            key,
            dir: dir.clone(),
            reserved: now,
            created: Timestamp::now(),
            used: Timestamp::now(),
            count: 0,
        });
        drop(slots);
        drop(gone);
        Ok((id, dir))
    }

    /// As records of the cache.
    pub(super) fn records(&self) -> Vec<CacheRecord> {
        let record = |slot: &Slot| CacheRecord {
            id: slot.id[..25].into(),
            kind: "source.local".into(),
            description: "local source for context".into(),
            size: slot.dir.bytes(),
            created: clock::rfc3339(slot.created),
            last_used: (slot.count > 0).then(|| clock::rfc3339(slot.used)),
            usage_count: slot.count,
            in_use: !slot.is_idle(),
            ..CacheRecord::default()
        };
        self.lock().iter().map(record).collect()
    }

    /// Removes those that nobody uses and the rules mean.
    pub(super) fn prune(&self, rules: &PruneRules) -> (Vec<String>, u64) {
        let now = Timestamp::now();
        let meant = |slot: &Slot| {
            let id = &slot.id[..25];
            slot.is_idle()
                && (rules.ids.is_empty()
                    || rules
                        .ids
                        .iter()
                        .any(|wanted| !wanted.is_empty() && id.starts_with(wanted.as_str())))
                && (rules.kinds.is_empty() || rules.kinds.iter().any(|kind| kind == "source.local"))
                && rules
                    .unused_for
                    .is_none_or(|limit| now.duration_since(slot.used) >= limit)
        };
        let mut slots = self.lock();
        let (gone, kept): (Vec<Slot>, Vec<Slot>) = slots.drain(..).partition(meant);
        *slots = kept;
        drop(slots);
        let bytes = gone.iter().map(|slot| slot.dir.bytes()).sum();
        (
            gone.iter().map(|slot| slot.id[..25].to_owned()).collect(),
            bytes,
        )
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the least used of the idle ones out, when there are more than are kept, or none of them has a key any more.
fn make_room(slots: &mut Vec<Slot>) -> Vec<Slot> {
    let mut gone = Vec::new();
    let idle = |slot: &Slot| slot.is_idle();
    while let Some(at) = slots
        .iter()
        .position(|slot| idle(slot) && slot.key.is_none())
    {
        gone.push(slots.swap_remove(at));
    }
    while slots.len() >= KEPT {
        let oldest = slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| idle(slot))
            .min_by_key(|(_, slot)| slot.used)
            .map(|(at, _)| at);
        let Some(at) = oldest else { break };
        gone.push(slots.swap_remove(at));
    }
    gone
}
