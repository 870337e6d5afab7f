//! Locks that the kernel lets go when the last process that holds them ends; flock(2).

use std::{fs, io, os::fd::OwnedFd, path::Path};

use rustix::fs::{FlockOperation, flock};

/// Takes the lock at `path`, without waiting; `None` when another holds it.
///
/// # Errors
/// The file cannot be made.
pub fn try_lock(path: &Path) -> io::Result<Option<OwnedFd>> {
    let file = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file.into())),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_free_again_when_its_holder_is_gone() {
        let path = std::env::temp_dir().join(format!("drydock-lock-{}", std::process::id()));
        let held = try_lock(&path).unwrap();
        assert!(held.is_some());
        assert!(try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(try_lock(&path).unwrap().is_some());
        fs::remove_file(path).unwrap();
    }
}
