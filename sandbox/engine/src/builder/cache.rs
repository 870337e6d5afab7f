//! Which layer a step made before.
//!
//! A step is known by a [`Key`]: the layers it stands on, what it says, and all it sees. A record keeps its layer from
//! being removed; records go when they are pruned, or the oldest first when there is no room.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use drydock_api::build::CacheRecord;
use drydock_image::{Digest, Hold, Layer, Store};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{Engine, build::tree::hash::hex, clock};

/// Records at most; the least used are forgotten first.
const KEPT: usize = 4096;

/// A step, as one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// Each part counts with its length.
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As `docker buildx du` names a record.
    fn id(&self) -> String {
        hex(&self.0)[..25].to_owned()
    }
}

/// What a step made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) layer: Layer,
    pub(super) created: Timestamp,
}

/// The sandbox's build cache.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<Key, Record>>);

#[derive(Debug)]
struct Record {
    made: Made,
    parent: Option<Key>,
    description: String,
    used: Timestamp,
    count: u64,
    _hold: Hold,
}

/// What is to be pruned.
#[derive(Debug, Clone, Default)]
pub(crate) struct PruneRules {
    /// `--all`: those too on which an image stands.
    pub(crate) all: bool,
    /// `--keep-storage`: bytes that may stay.
    pub(crate) keep: u64,
    /// `--filter until=`: only what was not used for so long.
    pub(crate) unused_for: Option<SignedDuration>,
    /// `--filter id=`: only these, by a prefix.
    pub(crate) ids: Vec<String>,
    /// `--filter type=`.
    pub(crate) kinds: Vec<String>,
}

impl Cache {
    /// What the step made before, if its layer is still there.
    pub(super) fn get(&self, store: &Store, key: &Key) -> Option<Made> {
        let mut records = self.lock();
        let record = records.get_mut(key)?;
        if !matches!(store.layer(&record.made.layer.diff_id), Ok(Some(_))) {
            records.remove(key);
            return None;
        }
        record.used = Timestamp::now();
        record.count += 1;
        Some(record.made.clone())
    }

    /// Remembers what a step made.
    pub(super) fn put(
        &self,
        store: &Store,
        key: Key,
        parent: Option<Key>,
        description: &str,
        made: Made,
    ) {
        let hold = store.hold([made.layer.diff_id.clone()]);
        let record = Record {
            used: made.created,
            made,
            parent,
            description: description.into(),
            count: 1,
            _hold: hold,
        };
        let mut records = self.lock();
        // Dropped after the lock: letting go of a layer takes its time.
        let replaced = records.insert(key, record);
        let oldest = (records.len() > KEPT)
            .then(|| oldest(&records))
            .flatten()
            .and_then(|key| records.remove(&key));
        drop(records);
        drop((replaced, oldest));
    }

    /// The records, newest first; `used` says on which layers images stand.
    pub(super) fn records(&self, used: &dyn Fn(&Digest) -> bool) -> Vec<CacheRecord> {
        let records = self.lock();
        let mut list: Vec<CacheRecord> = records
            .iter()
            .map(|(key, record)| {
                let shared = used(&record.made.layer.diff_id);
                CacheRecord {
                    id: key.id(),
                    parents: record.parent.iter().map(Key::id).collect(),
                    kind: "regular".into(),
                    description: record.description.clone(),
                    size: record.made.layer.size,
                    created: clock::rfc3339(record.made.created),
                    last_used: Some(clock::rfc3339(record.used)),
                    usage_count: record.count,
                    in_use: false,
                    shared,
                }
            })
            .collect();
        list.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
        list
    }

    /// Forgets the records that the rules mean: their ids, and the bytes that came free.
    pub(super) fn prune(
        &self,
        rules: &PruneRules,
        used: &dyn Fn(&Digest) -> bool,
    ) -> (Vec<String>, u64) {
        let now = Timestamp::now();
        let mut records = self.lock();
        let mut total: u64 = records.values().map(|record| record.made.layer.size).sum();
        let mut keys: Vec<(Timestamp, Key)> = records
            .iter()
            .filter(|(key, record)| {
                let idle = now.duration_since(record.used);
                let by_id = rules.ids.is_empty()
                    || rules
                        .ids
                        .iter()
                        .any(|id| !id.is_empty() && key.id().starts_with(id));
                let by_kind =
                    rules.kinds.is_empty() || rules.kinds.iter().any(|kind| kind == "regular");
                by_id && by_kind && rules.unused_for.is_none_or(|limit| idle >= limit)
            })
            .map(|(key, record)| (record.used, *key))
            .collect();
        keys.sort_by_key(|(used, _)| *used);
        let (mut ids, mut freed, mut gone) = (Vec::new(), 0, Vec::new());
        for (_, key) in keys {
            let Some(record) = records.get(&key) else {
                continue;
            };
            let shared = used(&record.made.layer.diff_id);
            if (shared && !rules.all) || (rules.keep > 0 && total <= rules.keep) {
                continue;
            }
            let size = record.made.layer.size;
            total = total.saturating_sub(size);
            freed += if shared { 0 } else { size };
            ids.push(key.id());
            gone.extend(records.remove(&key));
        }
        drop(records);
        drop(gone);
        (ids, freed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Record>> {
        // The map is consistent between any two statements that matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn oldest(records: &HashMap<Key, Record>) -> Option<Key> {
    let oldest = records.iter().min_by_key(|(_, record)| record.used)?;
    Some(*oldest.0)
}

/// The records of the cache, and those of cache mounts.
pub(crate) fn usage(engine: &Engine) -> Vec<CacheRecord> {
    let used = engine.store.used_by_images().unwrap_or_default();
    let mut records = engine.builder.cache.records(&|layer| used.contains(layer));
    records.extend(engine.builder.mounts.records(&engine.config.data));
    records.extend(engine.builder.contexts.records());
    records
}

/// Prunes; what `POST /build/prune` answers with.
pub(crate) fn prune(engine: &Engine, rules: &PruneRules) -> (Vec<String>, u64) {
    let images = engine.store.used_by_images().unwrap_or_default();
    let (mut ids, mut freed) = engine
        .builder
        .cache
        .prune(rules, &|layer| images.contains(layer));
    for (more, bytes) in [
        engine.builder.mounts.prune(&engine.config.data, rules),
        engine.builder.contexts.prune(rules),
    ] {
        ids.extend(more);
        freed += bytes;
    }
    if rules.all {
        engine.builder.memory.clear();
    }
    (ids, freed)
}

/// Lets go of what neither an image nor a build that began at `begun` stands on, for want of room; the bytes that came
/// free.
pub(super) fn make_room(engine: &Engine, begun: Timestamp) -> u64 {
    let rules = PruneRules {
        unused_for: Some(Timestamp::now().duration_since(begun)),
        ..PruneRules::default()
    };
    let (ids, freed) = prune(engine, &rules);
    if !ids.is_empty() {
        tracing::info!(records = ids.len(), freed, "the build cache made room");
    }
    freed
}
