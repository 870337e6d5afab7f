//! The directories that `--mount=type=cache` shows: they outlive a build, and builds share them.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    os::{
        fd::AsFd as _,
        unix::fs::{PermissionsExt as _, chown},
    },
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use drydock_api::build::CacheRecord;
use drydock_dockerfile::Sharing;
use drydock_runtime::overlay::mount_detached;
use drydock_spec::{ContainerId, Digest};
use jiff::Timestamp;

use super::What;
use crate::{
    Engine,
    build::tree,
    builder::{cache::PruneRules, copy, error::Failure, solve::Solver},
    clock,
    container::files,
};

/// Cache mounts at most.
const MOST: usize = 64;
/// How long a locked one is waited for at a time, before it is seen whether the build goes on.
const PATIENCE: Duration = Duration::from_millis(200);

/// The directories that `--mount=type=cache` shows.
#[derive(Debug, Default)]
pub(in crate::builder) struct CacheMounts(Mutex<HashMap<String, Slot>>);

#[derive(Debug)]
struct Slot {
    /// Below `<data>/build-mounts`.
    dir: String,
    locked: Arc<Mutex<()>>,
    users: usize,
    created: Timestamp,
    used: Timestamp,
    count: u64,
}

/// A cache mount in use.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) path: PathBuf,
    engine: Engine,
    name: String,
    /// One that nobody else uses afterwards.
    private: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut slots = self.engine.builder.mounts.lock();
        if let Some(slot) = slots.get_mut(&self.name) {
            slot.users -= 1;
        }
        drop(slots);
        if self.private {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn home(data: &Path) -> PathBuf {
    data.join("build-mounts")
}

impl Solver<'_> {
    pub(super) fn cache_mount(&self, what: &What) -> Result<Lease, Failure> {
        let What::Cache {
            id,
            sharing,
            mode,
            owner,
            base,
            path,
            ..
        } = what
        else {
            return Err(Failure::Cancelled);
        };
        let failed = || Failure::os("make a cache mount");
        let mounts = &self.engine.builder.mounts;
        let waited = Instant::now();
        loop {
            self.cancel.check().map_err(|_| Failure::Cancelled)?;
            let mut slots = mounts.lock();
            let busy = slots.get(id).is_some_and(|slot| slot.users > 0);
            let private = busy && *sharing == Sharing::Private;
            if busy && *sharing == Sharing::Locked {
                drop(slots);
                // Whoever holds it ends by itself; the cancellation is what must be seen meanwhile.
                self.cancel.wait(PATIENCE);
                tracing::debug!(id, waited = ?waited.elapsed(), "a build waits for a cache mount");
                continue;
            }
            if private {
                drop(slots);
                let path_of =
                    home(&self.engine.config.data).join(ContainerId::random().to_string());
                make(&path_of, *mode, *owner).map_err(failed())?;
                return Ok(Lease {
                    path: path_of,
                    engine: self.engine.clone(),
                    name: String::new(),
                    private: true,
                });
            }
            let fresh = !slots.contains_key(id);
            if fresh && slots.len() >= MOST {
                let words = format!(
                    "a sandbox has {MOST} cache mounts; remove some with \"docker builder prune\""
                );
                return Err(Failure::Wrong(words));
            }
            let slot = slots.entry(id.clone()).or_insert_with(|| Slot {
                dir: ContainerId::random().to_string(),
                locked: Arc::default(),
                users: 0,
                created: Timestamp::now(),
                used: Timestamp::now(),
                count: 0,
            });
            slot.users += 1;
            slot.count += 1;
            slot.used = Timestamp::now();
            let lease = Lease {
                path: home(&self.engine.config.data).join(&slot.dir),
                engine: self.engine.clone(),
                name: id.clone(),
                private: false,
            };
            let lock = slot.locked.clone();
            drop(slots);
            // Those who come second wait until the first has filled it.
            let _filling = lock.lock().unwrap_or_else(PoisonError::into_inner);
            if !lease.path.exists() {
                make(&lease.path, *mode, *owner).map_err(failed())?;
                if !base.is_empty() {
                    self.fill(&lease.path, base, path)?;
                }
            }
            return Ok(lease);
        }
    }

    /// The files that a cache mount begins with.
    fn fill(&self, into: &Path, layers: &[(Digest, PathBuf)], path: &str) -> Result<(), Failure> {
        let desk = self
            .room
            .desk()
            .map_err(Failure::os("make a step's directory"))?;
        let rootfs = self.room.rootfs(layers, &desk);
        let image = mount_detached(&rootfs).map_err(Failure::os("mount the image"))?;
        let from = tree::open_dir(image.as_fd(), Path::new(path))
            .map_err(|_| Failure::Wrong(format!("{path:?}: not found")))?;
        let into = File::open(into).map_err(Failure::os("open a cache mount"))?;
        copy::whole(from.as_fd(), into.as_fd())
    }
}

fn make(path: &Path, mode: u32, owner: (u32, u32)) -> io::Result<()> {
    fs::create_dir_all(path)?;
    chown(path, Some(owner.0), Some(owner.1))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7777))
}

impl CacheMounts {
    /// As records of the cache.
    pub(in crate::builder) fn records(&self, data: &Path) -> Vec<CacheRecord> {
        let record = |(id, slot): (&String, &Slot)| CacheRecord {
            id: slot.dir[..25].into(),
            kind: "exec.cachemount".into(),
            description: format!("cached mount {id}"),
            size: bytes(data, slot),
            created: clock::rfc3339(slot.created),
            last_used: Some(clock::rfc3339(slot.used)),
            usage_count: slot.count,
            in_use: slot.users > 0,
            ..CacheRecord::default()
        };
        self.lock().iter().map(record).collect()
    }

    /// Removes those that nobody uses and the rules mean.
    pub(in crate::builder) fn prune(&self, data: &Path, rules: &PruneRules) -> (Vec<String>, u64) {
        let now = Timestamp::now();
        let (mut ids, mut freed) = (Vec::new(), 0);
        self.lock().retain(|_, slot| {
            let name = &slot.dir[..25];
            let meant = slot.users == 0
                && (rules.ids.is_empty()
                    || rules
                        .ids
                        .iter()
                        .any(|id| !id.is_empty() && name.starts_with(id.as_str())))
                && (rules.kinds.is_empty()
                    || rules.kinds.iter().any(|kind| kind == "exec.cachemount"))
                && rules
                    .unused_for
                    .is_none_or(|limit| now.duration_since(slot.used) >= limit);
            if meant {
                freed += bytes(data, slot);
                ids.push(name.to_owned());
                let _ = fs::remove_dir_all(home(data).join(&slot.dir));
            }
            !meant
        });
        (ids, freed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(data: &Path, slot: &Slot) -> u64 {
    files::bytes_under(&home(data).join(&slot.dir))
}
