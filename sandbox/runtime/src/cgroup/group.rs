//! One sandbox's groups, on the host.

use std::{
    fs, io,
    os::{fd::OwnedFd, unix::fs::chown},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, Mode, OFlags, openat};
use serde::{Deserialize, Serialize};

use super::hierarchy::{ENGINE, LEARNER};

/// One sandbox's groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    v2: bool,
    outer: Vec<PathBuf>,
    /// On v1, in trees that nothing is limited in.
    #[serde(default)]
    others: Vec<PathBuf>,
}

impl Group {
    pub(super) fn v1(outer: Vec<PathBuf>, others: Vec<PathBuf>) -> Self {
        Self {
            v2: false,
            outer,
            others,
        }
    }

    pub(super) fn v2(outer: PathBuf) -> Self {
        Self {
            v2: true,
            outer: vec![outer],
            others: vec![],
        }
    }

    pub(super) fn others(&self) -> &[PathBuf] {
        &self.others
    }

    pub(super) fn outer(&self) -> &[PathBuf] {
        &self.outer
    }

    /// Whether there are none: nothing limits memory and processor time.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.outer.is_empty()
    }

    /// Whether one tree holds all controllers.
    #[must_use]
    pub fn is_v2(&self) -> bool {
        self.v2
    }

    /// The directories that the engine itself is in.
    #[must_use]
    pub fn engine_dirs(&self) -> Vec<PathBuf> {
        if self.v2 {
            self.outer.iter().map(|dir| dir.join(ENGINE)).collect()
        } else {
            self.outer.iter().chain(&self.others).cloned().collect()
        }
    }

    /// The directories that everything of the learner's is in.
    #[must_use]
    pub fn learner_dirs(&self) -> Vec<PathBuf> {
        self.outer.iter().map(|dir| dir.join(LEARNER)).collect()
    }

    /// Gives the learner's directories to the id that sorts processes in them.
    ///
    /// # Errors
    /// As chown(2).
    pub fn give_learner_to(&self, owner: u32) -> io::Result<()> {
        let files: &[&str] = if self.v2 {
            &["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"]
        } else {
            &["cgroup.procs", "tasks"]
        };
        for outer in &self.outer {
            let learner = outer.join(LEARNER);
            chown(&learner, Some(owner), Some(owner))?;
            files
                .iter()
                .try_for_each(|file| chown(learner.join(file), Some(owner), Some(owner)))?;
            if self.v2 {
                // A move also needs write access to `cgroup.procs` of the common ancestor. The files
                // that hold limits stay the host's.
                chown(outer.join("cgroup.procs"), Some(owner), Some(owner))?;
            }
        }
        Ok(())
    }

    /// Opens directories, to be passed on.
    ///
    /// # Errors
    /// As open(2).
    pub fn open(dirs: &[PathBuf]) -> io::Result<Vec<OwnedFd>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        dirs.iter()
            .map(|dir| Ok(openat(CWD, dir, flags, Mode::empty())?))
            .collect()
    }

    /// Lets everything run that a container's pause holds. On v1, what is frozen does not die of SIGKILL,
    /// so a sandbox with a paused container would never end.
    pub fn thaw(&self) {
        for outer in self.outer.iter().filter(|_| !self.v2) {
            thaw_tree(&outer.join(LEARNER));
        }
    }

    /// Removes the groups; a group with processes stays, as `EBUSY`.
    ///
    /// # Errors
    /// As rmdir(2).
    pub fn remove(&self) -> io::Result<()> {
        for dir in self.outer.iter().chain(&self.others) {
            remove_tree(dir)?;
        }
        Ok(())
    }
}

/// A group's directory holds files that cannot be removed and directories that can.
fn remove_tree(dir: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(dir)
}

/// Freezing is a group's own and its parents'. A privileged container may have made groups below its own.
fn thaw_tree(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            thaw_tree(&entry.path());
        }
    }
    let state = dir.join("freezer.state");
    if state.exists() {
        let _ = fs::write(state, "THAWED");
    }
}
