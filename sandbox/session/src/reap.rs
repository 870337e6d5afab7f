//! What a dead sandbox leaves on the host: a directory and cgroups. Everything else went with its namespaces.

use std::{fs, io, path::Path, time::Duration};

use drydock_runtime::cgroup::{Group, Hierarchy};
use drydock_spec::SandboxId;

use crate::{lock::try_lock, record::Dir};

/// Removes the cgroups of a sandbox whose engine has ended. The kernel lets go of a group a moment after
/// its last process: asked again, at growing intervals, for about two seconds.
pub async fn remove_group(group: &Group) {
    for attempt in 0..8 {
        // What was paused when its engine died is still waiting to die.
        group.thaw();
        match group.remove() {
            Ok(()) => return,
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                tokio::time::sleep(Duration::from_millis(8 << attempt)).await;
            }
            Err(error) => {
                tracing::warn!(%error, "a sandbox's cgroup stays behind");
                return;
            }
        }
    }
    tracing::warn!(?group, "a sandbox's cgroup stays busy");
}

/// Removes the directory of a dead sandbox. Nothing in it is a learner's: their files were in memory.
pub fn remove_dir(dir: &Dir) {
    if let Err(error) = fs::remove_dir_all(dir.path())
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, dir = %dir.path().display(), "a sandbox's directory stays behind");
    }
}

/// Looks through `run` for sandboxes whose engine is gone; answers the live ones' ids.
pub async fn sweep(run: &Path, hierarchy: &Hierarchy) -> io::Result<Vec<SandboxId>> {
    let mut alive = Vec::new();
    for entry in fs::read_dir(run)?.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<SandboxId>().ok())
        else {
            continue;
        };
        let dir = Dir::new(run, id);
        // Whoever starts a sandbox holds this lock before anything else is there, and its engine after.
        match try_lock(&dir.lock()) {
            Ok(Some(_dead)) => {
                remove_group(&hierarchy.named(&id.to_string())).await;
                remove_dir(&dir);
            }
            Ok(None) => alive.push(id),
            Err(error) => tracing::warn!(%error, %id, "could not look at a sandbox"),
        }
    }
    Ok(alive)
}
