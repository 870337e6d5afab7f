//! One container's groups.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, mkdirat, openat, unlinkat},
    io::Errno,
};

use super::{Delegation, Resources, Version, values};

/// Why a container did not get its groups, or a limit.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// The group itself.
    #[error("unable to apply cgroup configuration: {0}")]
    Group(#[source] io::Error),
    /// The kernel did not take a value.
    #[error("failed to write {value:?}: write {file}: {}", crate::launch::reason(.source))]
    Value {
        /// Which.
        file: &'static str,
        /// What was written.
        value: String,
        /// Its reason.
        #[source]
        source: io::Error,
    },
}

/// One container's groups; removed when dropped, if they are empty by then.
#[derive(Debug)]
pub struct ContainerGroup {
    delegation: Arc<Delegation>,
    name: String,
    pub(super) dirs: Vec<OwnedFd>,
}

impl ContainerGroup {
    /// Makes the groups and gives them their limits. Where nothing is delegated there are none, and limits are not
    /// enforced: whoever asks for them looks at [`Delegation::abilities`] before.
    ///
    /// # Errors
    /// As mkdir(2) and write(2) on the groups' files; nothing is left behind.
    pub fn create(
        delegation: &Arc<Delegation>,
        name: &str,
        resources: &Resources,
    ) -> Result<Self, LimitError> {
        let mut group = Self {
            delegation: delegation.clone(),
            name: name.into(),
            dirs: Vec::with_capacity(delegation.tops().len()),
        };
        for top in delegation.tops() {
            let dir = make(top, name).map_err(LimitError::Group)?;
            group.dirs.push(dir);
        }
        group.limit(resources)?;
        Ok(group)
    }

    /// What the container's processes join.
    #[must_use]
    pub fn places(&self) -> &[OwnedFd] {
        &self.dirs
    }

    /// What a helper joins that makes what the container needs: the container's groups, but the workstation's for
    /// what counts processes.
    pub(crate) fn places_of_helper(&self) -> Vec<&OwnedFd> {
        let given = self.delegation.places();
        match self.version() {
            Version::V2 => given.iter().collect(),
            Version::V1 => given
                .iter()
                .zip(&self.dirs)
                .map(|(given, own)| {
                    let counts = values::has(std::slice::from_ref(own), "pids.max");
                    if counts { given } else { own }
                })
                .collect(),
        }
    }

    /// Changes limits; what `resources` does not say stays.
    ///
    /// # Errors
    /// As write(2) on the groups' files.
    pub fn limit(&self, resources: &Resources) -> Result<(), LimitError> {
        let mut values = resources.values(self.version());
        if self.is_above_swap(resources) {
            // v1 keeps the limit of memory below that of both, whichever is written first.
            values.swap(0, 1);
        }
        for (file, value) in values {
            match values::write(&self.dirs, file, &value) {
                // More than the sandbox has: the sandbox's own limit is the lower one.
                Err(error) if file == "cpu.cfs_quota_us" && is_above_parent(&error, &value) => {}
                Err(source) => {
                    return Err(LimitError::Value {
                        file,
                        value,
                        source,
                    });
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn is_above_swap(&self, resources: &Resources) -> bool {
        let both = || values::number(&self.dirs, "memory.memsw.limit_in_bytes");
        match (self.version(), resources.memory, resources.memory_and_swap) {
            (Version::V1, Some(memory), Some(_)) => both().is_some_and(|both| memory > both),
            _ => false,
        }
    }

    pub(super) fn version(&self) -> Version {
        self.delegation.version()
    }

    /// Removes the groups; removing them again is no error.
    ///
    /// # Errors
    /// `EBUSY` while the kernel still sees a process in them, for a moment after its end.
    pub fn remove(&self) -> io::Result<()> {
        for top in self.delegation.tops() {
            remove(top, &self.name)?;
        }
        Ok(())
    }
}

impl Drop for ContainerGroup {
    fn drop(&mut self) {
        let _ = self.remove();
    }
}

/// The least quota that the kernel takes; proc(5) has no page for it, `kernel/sched/core.c` has: a millisecond.
const LEAST_QUOTA_US: i64 = 1_000;

/// v1 takes no quota that is a larger part of its period than the parent's, where v2 takes the lesser of the two.
fn is_above_parent(error: &io::Error, quota: &str) -> bool {
    error.raw_os_error() == Some(libc::EINVAL)
        && quota
            .parse()
            .is_ok_and(|quota: i64| quota >= LEAST_QUOTA_US)
}

fn make(top: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    let mode = Mode::from_raw_mode(0o755);
    match mkdirat(top.as_fd(), name, mode) {
        // Of an earlier run; whatever its limits were, they are not this run's.
        Err(Errno::EXIST) => {
            remove(top, name)?;
            mkdirat(top.as_fd(), name, mode)?;
        }
        other => other?,
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(top.as_fd(), name, flags, Mode::empty())?)
}

fn remove(top: &OwnedFd, name: &str) -> io::Result<()> {
    match unlinkat(top.as_fd(), name, AtFlags::REMOVEDIR) {
        Err(Errno::NOENT) => Ok(()),
        other => Ok(other?),
    }
}
