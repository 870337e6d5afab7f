//! Locks that the kernel lets go when the last process that holds them ends; flock(2).

use std::{io, os::fd::OwnedFd, path::Path};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

/// Takes the lock at `path`, without waiting; `None` when another holds it.
///
/// # Errors
/// The file cannot be made.
pub fn try_lock(path: &Path) -> io::Result<Option<OwnedFd>> {
    // Not for writing: the engine holds it, and must not be able to fill the host's disk through it.
    let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
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
        std::fs::remove_file(path).unwrap();
    }
}
