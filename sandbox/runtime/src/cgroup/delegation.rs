//! The groups that a sandbox was given to sort its processes in.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

use rustix::{
    fs::{CWD, Mode, OFlags, mkdirat, openat},
    io::Errno,
};

use super::values;

/// On v2 a group with groups below it has no processes of its own: whatever is in no container is here.
const WORKSTATION: &str = "workstation";

/// Which of the kernel's two interfaces a group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// A directory for each controller.
    V1,
    /// One directory for all.
    V2,
}

/// What can be limited and done with groups here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub struct Abilities {
    /// Memory, and a reservation of it.
    pub memory: bool,
    /// Memory and swap together.
    pub swap: bool,
    /// How readily memory is swapped out; v1 only.
    pub swappiness: bool,
    /// Waiting rather than being killed when there is no more memory; v1 only.
    pub oom_kill_disable: bool,
    /// Processor time, by weight and by quota.
    pub cpu: bool,
    /// Which processors.
    pub cpuset: bool,
    /// The number of processes.
    pub pids: bool,
    /// Stopping everything at once.
    pub freezer: bool,
}

/// The groups that a sandbox was given: below them its containers' are made.
#[derive(Debug)]
pub struct Delegation {
    version: Version,
    /// The directories to make groups in.
    tops: Vec<OwnedFd>,
    /// Where the workstation's processes are; on v1 that is the tops themselves.
    leaf: Option<OwnedFd>,
    abilities: Abilities,
}

impl Delegation {
    /// Takes over the directories: one on v2, one a controller on v1, none where nothing is delegated.
    ///
    /// # Errors
    /// As mkdir(2) and write(2) on the groups' files.
    pub fn take(tops: Vec<OwnedFd>) -> io::Result<Self> {
        let (version, leaf) = if values::has(&tops, "cgroup.controllers") {
            (Version::V2, Some(divide(&tops)?))
        } else {
            (Version::V1, None)
        };
        Ok(Self {
            version,
            abilities: abilities(version, leaf.as_ref().map_or(&tops, std::slice::from_ref)),
            tops,
            leaf,
        })
    }

    /// Whether there are none: nothing can be limited, counted or frozen.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.tops.is_empty()
    }

    /// Which interface the groups have.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// What they can do.
    #[must_use]
    pub fn abilities(&self) -> Abilities {
        self.abilities
    }

    /// What the workstation's processes, and whatever is in no container, join.
    #[must_use]
    pub fn places(&self) -> &[OwnedFd] {
        self.leaf.as_ref().map_or(&self.tops, std::slice::from_ref)
    }

    /// The processors and the memory nodes that may be chosen from, as `0-3,7`.
    #[must_use]
    pub fn available(&self) -> (String, String) {
        let (cpus, mems) = match self.version {
            Version::V1 => ("cpuset.effective_cpus", "cpuset.effective_mems"),
            Version::V2 => ("cpuset.cpus.effective", "cpuset.mems.effective"),
        };
        let read = |file| values::read(self.places(), file).unwrap_or_default();
        (read(cpus).trim().to_owned(), read(mems).trim().to_owned())
    }

    pub(super) fn tops(&self) -> &[OwnedFd] {
        &self.tops
    }
}

/// The workstation gets a leaf of its own, and the groups beside it the controllers.
fn divide(tops: &[OwnedFd]) -> io::Result<OwnedFd> {
    let top = tops.first().map_or(CWD, AsFd::as_fd);
    match mkdirat(top, WORKSTATION, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    for controller in ["memory", "pids", "cpu", "cpuset"] {
        // What the host did not pass on cannot be limited, and is refused by name.
        let _ = values::write(tops, "cgroup.subtree_control", &format!("+{controller}"));
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(top, WORKSTATION, flags, Mode::empty())?)
}

fn abilities(version: Version, dirs: &[OwnedFd]) -> Abilities {
    let has = |file| values::has(dirs, file);
    let v1 = version == Version::V1;
    let [memory, swap, cpu, freezer] = match version {
        Version::V1 => [
            "memory.limit_in_bytes",
            "memory.memsw.limit_in_bytes",
            "cpu.cfs_quota_us",
            "freezer.state",
        ],
        Version::V2 => ["memory.max", "memory.swap.max", "cpu.max", "cgroup.freeze"],
    };
    Abilities {
        memory: has(memory),
        swap: has(swap),
        swappiness: v1 && has("memory.swappiness"),
        oom_kill_disable: v1 && has("memory.oom_control"),
        cpu: has(cpu),
        cpuset: has("cpuset.cpus"),
        pids: has("pids.max"),
        freezer: has(freezer),
    }
}
