//! What RUN mounts: places of the context and of other stages, caches, memory, secrets.

use std::{
    collections::HashMap,
    fs,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use drydock_api::build::CacheRecord;
use drydock_dockerfile::{self as dockerfile, Invocation, MountKind, Run, Sharing};
use drydock_runtime::container::{Mount, MountSource, Rootfs, Tmpfs};
use drydock_spec::{ContainerId, Digest};
use jiff::Timestamp;

use super::{
    cache::{Key, PruneRules},
    error::Failure,
    inputs::{Content, Inputs},
    room::Desk,
    solve::{Doing, Solver},
    stage::State,
};
use crate::{Engine, build::tree::stubs::MountPoint, clock, container::files};

/// Cache mounts at most.
const MOST: usize = 64;
/// Bytes of one secret.
const MAX_SECRET: usize = 500 << 10;
/// How long a locked cache is waited for at a time, before it is seen whether the build goes on.
const PATIENCE: Duration = Duration::from_millis(200);
/// Bytes of a tmpfs that says no size.
const TMPFS: u64 = 64 << 20;

/// The mounts of one RUN, their sources known.
#[derive(Debug)]
pub(super) struct Prepared(Vec<Part>);

#[derive(Debug)]
struct Part {
    target: PathBuf,
    what: What,
}

#[derive(Debug)]
enum What {
    /// A place in layers, with what the cache knows them by.
    Bind {
        layers: Vec<(Digest, PathBuf)>,
        directory: Option<PathBuf>,
        path: String,
        readonly: bool,
        source: (String, Content),
    },
    Cache {
        id: String,
        sharing: Sharing,
        readonly: bool,
        mode: u32,
        owner: (u32, u32),
        base: Vec<(Digest, PathBuf)>,
        path: String,
    },
    Tmpfs(u64),
    Secret {
        id: String,
        bytes: Option<Vec<u8>>,
        mode: u32,
        owner: (u32, u32),
        env: Option<String>,
        file: bool,
    },
}

/// The mounts of a command that is about to run.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) mounts: Vec<Mount>,
    pub(super) env: Vec<String>,
    points: Vec<MountPoint>,
    _caches: Vec<Lease>,
}

impl Placed {
    /// What the mounts need to be there.
    pub(super) fn points(&self) -> Vec<MountPoint> {
        self.points.clone()
    }

    fn push(&mut self, source: MountSource, target: &Path, readonly: bool, directory: bool) {
        self.points.push(MountPoint {
            path: target.into(),
            directory,
        });
        self.mounts.push(Mount {
            source,
            target: target.into(),
            readonly,
        });
    }
}

impl Solver<'_> {
    /// Looks what the mounts of `run` mean.
    pub(super) fn mounts(
        &self,
        doing: &Doing<'_>,
        state: &State,
        run: &Run,
    ) -> Result<Prepared, Failure> {
        let mut parts = Vec::new();
        for (mount, from) in run.mounts.iter().zip(&doing.planned.mounts) {
            if mount.from.is_some() && from.is_none() {
                let words = "'from' doesn't support variable expansion, define alias stage instead";
                return Err(Failure::Wrong(words.into()));
            }
            parts.push(self.mount(state, mount, *from)?);
        }
        Ok(Prepared(parts))
    }

    fn mount(
        &self,
        state: &State,
        mount: &dockerfile::Mount,
        from: Option<usize>,
    ) -> Result<Part, Failure> {
        let owner = (mount.uid.unwrap_or(0), mount.gid.unwrap_or(0));
        let path = mount.source.clone().unwrap_or_default();
        let needed = || {
            let target = mount
                .target
                .as_deref()
                .ok_or_else(|| Failure::Wrong("mount target is required".into()))?;
            match target_is_root(target) {
                true => Err(Failure::Wrong(format!("invalid mount target {target:?}"))),
                false => Ok(target_path(&state.run.working_dir, target)),
            }
        };
        let layers = |index: usize| self.wait_for(index);
        let (target, what) = match mount.kind {
            MountKind::Bind => {
                let (layers, directory, source) = match from {
                    Some(index) => {
                        let stage = layers(index)?;
                        let name = mount.from.clone().unwrap_or_default();
                        (stage.directories(), None, (name, content(&stage.chain())))
                    }
                    None => {
                        let (directory, content) = self.context_place(&path)?;
                        (Vec::new(), directory, ("the build context".into(), content))
                    }
                };
                let what = What::Bind {
                    layers,
                    directory,
                    path,
                    readonly: mount.readonly,
                    source,
                };
                (needed()?, what)
            }
            MountKind::Cache => {
                let target = needed()?;
                let base = from.map(layers).transpose()?;
                let what = What::Cache {
                    id: mount
                        .id
                        .clone()
                        .unwrap_or_else(|| target.to_string_lossy().into_owned()),
                    sharing: mount.sharing,
                    readonly: mount.readonly,
                    mode: mount.mode.unwrap_or(0o755),
                    owner,
                    base: base.map(|stage| stage.directories()).unwrap_or_default(),
                    path,
                };
                (target, what)
            }
            MountKind::Tmpfs => (needed()?, What::Tmpfs(mount.size.unwrap_or(TMPFS))),
            MountKind::Secret => {
                let what = self.secret(mount, owner)?;
                let id = match &what {
                    What::Secret { id, .. } => id.clone(),
                    _ => String::new(),
                };
                let target = match &mount.target {
                    Some(_) => needed()?,
                    None => Path::new("/run/secrets").join(id),
                };
                (target, what)
            }
            MountKind::Ssh => {
                return Err(Failure::Wrong(
                    "a sandbox has no SSH agent: --mount=type=ssh is not available; pass what is needed with \
                     --secret"
                        .into(),
                ));
            }
        };
        Ok(Part { target, what })
    }

    fn secret(&self, mount: &dockerfile::Mount, owner: (u32, u32)) -> Result<What, Failure> {
        let named = mount
            .target
            .as_deref()
            .and_then(|target| Path::new(target).file_name());
        let named = named.map(|name| name.to_string_lossy().into_owned());
        let id = mount.id.clone().or(named);
        let id = id.ok_or_else(|| Failure::Wrong("one of source, target required".into()))?;
        let bytes = match self.request.secrets.get(&id) {
            None if mount.required => {
                return Err(Failure::Wrong(format!("secret {id}: not found")));
            }
            None => None,
            Some(text) => {
                let bytes = STANDARD
                    .decode(text)
                    .ok()
                    .filter(|bytes| bytes.len() <= MAX_SECRET);
                let wrong =
                    || Failure::Wrong(format!("secret {id}: larger than {MAX_SECRET} bytes"));
                Some(bytes.ok_or_else(wrong)?)
            }
        };
        Ok(What::Secret {
            id,
            bytes,
            mode: mount.mode.unwrap_or(0o400),
            owner,
            file: mount.env.is_none() || mount.target.is_some(),
            env: mount.env.clone(),
        })
    }
}

/// Where a mount goes, as the command sees it.
fn target_path(working_dir: &str, target: &str) -> PathBuf {
    let path = match target.starts_with('/') {
        true => target.to_owned(),
        false => format!("/{working_dir}/{target}"),
    };
    dockerfile::clean_path(&path).into()
}

fn target_is_root(target: &str) -> bool {
    dockerfile::clean_path(target) == "/"
}

fn content(key: &Key) -> Content {
    let mut content = [0; 32];
    content.copy_from_slice(key.bytes());
    content
}

impl Prepared {
    /// What of them the step's key depends on.
    pub(super) fn describe(&self, inputs: &mut Inputs) {
        for (number, part) in self.0.iter().enumerate() {
            let target = part.target.display();
            let text = match &part.what {
                What::Bind {
                    path,
                    readonly,
                    source,
                    ..
                } => {
                    inputs.sources.insert(source.0.clone(), source.1);
                    format!("bind {path} {target} {readonly}")
                }
                What::Cache { id, .. } => format!("cache {id} {target}"),
                What::Tmpfs(size) => format!("tmpfs {target} {size}"),
                // What a secret says must not show, not even as a key.
                What::Secret { id, env, .. } => format!("secret {id} {target} {env:?}"),
            };
            inputs.text.push_str(&format!(" [mount {number} {text}]"));
        }
    }

    /// Makes all that is to be mounted.
    pub(super) fn place(
        &self,
        solver: &Solver<'_>,
        script: &Invocation,
        desk: &Desk,
    ) -> Result<Placed, Failure> {
        let mut placed = Placed::default();
        let failed = || Failure::os("prepare a mount");
        for (number, part) in self.0.iter().enumerate() {
            let dir = desk.path.join(format!("mount-{number}"));
            fs::create_dir(&dir).map_err(failed())?;
            let target = &part.target;
            match &part.what {
                What::Bind {
                    layers,
                    directory,
                    path,
                    readonly,
                    ..
                } => {
                    let lowers = match directory {
                        Some(context) => vec![context.clone()],
                        None => layers.iter().rev().map(|(_, dir)| dir.clone()).collect(),
                    };
                    let rootfs = overlay(&dir, lowers).map_err(failed())?;
                    let is_dir = is_directory(&rootfs, path)?;
                    let path = PathBuf::from(path);
                    placed.push(
                        MountSource::Layers { rootfs, path },
                        target,
                        *readonly,
                        is_dir,
                    );
                }
                What::Cache { .. } => {
                    let lease = solver.cache_mount(&part.what)?;
                    let source = MountSource::Engine(lease.path.clone());
                    let readonly = matches!(&part.what, What::Cache { readonly: true, .. });
                    placed.push(source, target, readonly, true);
                    placed._caches.push(lease);
                }
                What::Tmpfs(size) => {
                    let tmpfs = Tmpfs {
                        exec: true,
                        suid: true,
                        ..Tmpfs::of_size(*size)
                    };
                    placed.push(MountSource::Tmpfs(tmpfs), target, false, true);
                }
                What::Secret {
                    bytes,
                    mode,
                    owner,
                    env,
                    file,
                    ..
                } => {
                    let Some(bytes) = bytes else { continue };
                    if let Some(name) = env {
                        placed
                            .env
                            .push(format!("{name}={}", String::from_utf8_lossy(bytes)));
                    }
                    if *file {
                        let path = dir.join("secret");
                        write(&path, bytes, *mode, *owner).map_err(failed())?;
                        placed.push(MountSource::Engine(path), target, true, false);
                    }
                }
            }
        }
        if let Some(script) = &script.script {
            let path = desk.path.join("script");
            write(&path, script.content.as_bytes(), 0o755, (0, 0)).map_err(failed())?;
            // No mount point of the image's: /dev is not its own.
            placed.mounts.push(Mount {
                source: MountSource::Engine(path),
                target: script.path.clone().into(),
                readonly: true,
            });
        }
        Ok(placed)
    }
}

/// An overlay whose changes are thrown away.
fn overlay(dir: &Path, mut lowers: Vec<PathBuf>) -> std::io::Result<Rootfs> {
    let rootfs = |lowers| Rootfs {
        lowers,
        upper: dir.join("upper"),
        work: dir.join("work"),
    };
    for name in ["upper", "work", "none"] {
        fs::create_dir(dir.join(name))?;
    }
    if lowers.is_empty() {
        lowers.push(dir.join("none"));
    }
    Ok(rootfs(lowers))
}

fn is_directory(rootfs: &Rootfs, path: &str) -> Result<bool, Failure> {
    use std::os::fd::AsFd as _;
    let image =
        drydock_runtime::overlay::mount_detached(rootfs).map_err(Failure::os("mount the image"))?;
    let found = drydock_runtime::paths::find_in(image.as_fd(), Path::new(path));
    let found = found.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::Wrong(format!(
            "failed to compute cache key: failed to calculate checksum of ref: {path:?}: not found"
        )),
        _ => Failure::os("find a mount's source")(error),
    })?;
    drydock_runtime::paths::is_dir(&found).map_err(Failure::os("look at a mount's source"))
}

fn write(path: &Path, bytes: &[u8], mode: u32, owner: (u32, u32)) -> std::io::Result<()> {
    let mut file = fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    chown(path, Some(owner.0), Some(owner.1))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7777))
}

/// The directories that `--mount=type=cache` shows.
#[derive(Debug, Default)]
pub(super) struct CacheMounts(Mutex<HashMap<String, Slot>>);

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
struct Lease {
    path: PathBuf,
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
    fn cache_mount(&self, what: &What) -> Result<Lease, Failure> {
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
        let waited = std::time::Instant::now();
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
        use std::os::fd::AsFd as _;
        let desk = self
            .room
            .desk()
            .map_err(Failure::os("make a step's directory"))?;
        let rootfs = self.room.rootfs(layers, &desk);
        let image = drydock_runtime::overlay::mount_detached(&rootfs)
            .map_err(Failure::os("mount the image"))?;
        let from = crate::build::tree::open_dir(image.as_fd(), Path::new(path))
            .map_err(|_| Failure::Wrong(format!("{path:?}: not found")))?;
        let into = fs::File::open(into).map_err(Failure::os("open a cache mount"))?;
        super::copy::whole(from.as_fd(), into.as_fd())
    }
}

fn make(path: &Path, mode: u32, owner: (u32, u32)) -> std::io::Result<()> {
    fs::create_dir_all(path)?;
    chown(path, Some(owner.0), Some(owner.1))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7777))
}

impl CacheMounts {
    /// As records of the cache.
    pub(super) fn records(&self, data: &Path) -> Vec<CacheRecord> {
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
    pub(super) fn prune(&self, data: &Path, rules: &PruneRules) -> (Vec<String>, u64) {
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
