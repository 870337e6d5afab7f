//! Half-made things: a directory under `tmp` that its maker has locked and that goes away with it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::fs::{FlockOperation, flock};

use super::Disk;
use crate::StoreError;

/// A fresh directory in the store's file system, removed with what is left in it when dropped.
#[derive(Debug)]
pub(crate) struct Staging {
    path: PathBuf,
    /// Its lock tells the next opener of the store that somebody still works here.
    _lock: File,
}

impl Staging {
    pub(crate) fn new(disk: &Disk) -> Result<Self, StoreError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        disk.writable()?;
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("tmp/{}-{number}", std::process::id());
            let path = disk.root().join(name);
            match fs::create_dir(&path) {
                Ok(()) => {
                    let staging = Self::locked(path)?;
                    // Between the two, an opener of the store may have taken it for abandoned.
                    if staging.path.is_dir() {
                        return Ok(staging);
                    }
                }
                // Another process of the same number in another pid namespace.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(StoreError::os("create the directory", path, error)),
            }
        }
    }

    /// With a directory inside that is to become a layer's.
    pub(crate) fn for_layer(disk: &Disk) -> Result<Self, StoreError> {
        let staging = Self::new(disk)?;
        let path = staging.layer();
        fs::create_dir(&path)
            .map_err(|error| StoreError::os("create the directory", path, error))?;
        Ok(staging)
    }

    pub(crate) fn layer(&self) -> PathBuf {
        self.path.join("layer")
    }

    fn locked(path: PathBuf) -> Result<Self, StoreError> {
        let failed = |error| StoreError::os("lock", &path, error);
        let lock = File::open(&path).map_err(failed)?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes what processes that are gone have left. Best effort: what cannot be removed is merely unused.
pub(super) fn remove_abandoned(tmp: &Path) {
    let Ok(entries) = fs::read_dir(tmp) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let free = File::open(&path)
            .is_ok_and(|dir| flock(dir, FlockOperation::NonBlockingLockExclusive).is_ok());
        if free {
            let _ = fs::remove_dir_all(&path);
        }
    }
}
