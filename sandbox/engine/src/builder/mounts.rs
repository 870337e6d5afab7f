//! What RUN mounts: places of the context and of other stages, caches, memory, secrets.
//!
//! - Here: what the mounts of a RUN mean, and what of them its key depends on.
//! - [`place`]: all that is to be mounted, made. [`caches`]: directories that outlive a build.

mod caches;
mod place;

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use drydock_dockerfile::{self as dockerfile, MountKind, Run, Sharing};
use drydock_spec::Digest;

pub(super) use self::{caches::CacheMounts, place::Placed};
use super::{
    cache::Key,
    error::Failure,
    inputs::{Content, Inputs},
    solve::Solver,
    stage::State,
    step::Doing,
};

/// Bytes of one secret.
const MAX_SECRET: usize = 500 << 10;
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
            let target = target_path(
                &state.run.working_dir,
                mount.target.as_deref().unwrap_or_default(),
            );
            match target == Path::new("/") {
                true => Err(Failure::Wrong(format!("invalid mount target {target:?}"))),
                false => Ok(target),
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

/// Where a mount goes, as the command sees it; without a target it is the working directory.
fn target_path(working_dir: &str, target: &str) -> PathBuf {
    let path = match target.starts_with('/') {
        true => target.to_owned(),
        false => format!("/{working_dir}/{target}"),
    };
    dockerfile::clean_path(&path).into()
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
}
