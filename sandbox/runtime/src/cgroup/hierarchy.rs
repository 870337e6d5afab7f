//! The host's cgroup file systems, and one sandbox's groups in them.

use std::{
    fs, io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::{MetadataExt, chown},
    },
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, Mode, OFlags, openat};
use serde::{Deserialize, Serialize};

use super::{Limits, limits::ENGINE_PIDS};

const ROOT: &str = "/sys/fs/cgroup";
/// `CGROUP2_SUPER_MAGIC`; statfs(2).
const CGROUP2_MAGIC: u64 = 0x6367_7270;
/// The controllers that a sandbox is limited by.
const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];
/// All sandboxes' groups are below this one.
const PARENT: &str = "drydock";
/// The learner's group inside a sandbox's.
const LEARNER: &str = "learner";
/// The engine's, on v2, where a group with limits below it holds no processes.
const ENGINE: &str = "engine";

/// Which cgroup version rules here, and where sandboxes' groups go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hierarchy {
    /// One tree for all controllers.
    V2 {
        /// The group that sandboxes' groups are made in.
        parent: PathBuf,
    },
    /// One tree a controller (also "hybrid": v2 without controllers beside it).
    V1 {
        /// `…/memory/drydock` and the like.
        parents: Vec<PathBuf>,
    },
    /// No writable tree: limits cannot be had.
    None,
}

impl Hierarchy {
    /// Looks at the host, and makes the parent group.
    #[must_use]
    pub fn detect() -> Self {
        if is_v2(Path::new(ROOT)) {
            return Self::detect_v2().unwrap_or(Self::None);
        }
        let parents: Vec<_> = CONTROLLERS
            .iter()
            .map(|name| Path::new(ROOT).join(name).join(PARENT))
            .collect();
        if parents.iter().all(|dir| make(dir).is_ok() && writable(dir)) {
            Self::V1 { parents }
        } else {
            Self::None
        }
    }

    /// Root works below the top; an ordinary user below the group delegated to them, which is their own.
    fn detect_v2() -> Option<Self> {
        let base = if rustix::process::geteuid().is_root() {
            PathBuf::from(ROOT)
        } else {
            let own = fs::read_to_string("/proc/self/cgroup").ok()?;
            let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
            Path::new(ROOT).join(own).parent()?.to_path_buf()
        };
        enable_controllers(&base);
        let parent = base.join(PARENT);
        make(&parent).ok()?;
        enable_controllers(&parent);
        let has = fs::read_to_string(parent.join("cgroup.controllers")).ok()?;
        CONTROLLERS
            .iter()
            .all(|name| has.split_whitespace().any(|c| c == *name))
            .then_some(Self::V2 { parent })
    }

    /// Makes a sandbox's groups, with `limits`.
    ///
    /// # Errors
    /// As mkdir(2) and write(2) on the groups' files.
    pub fn create(&self, name: &str, limits: &Limits) -> io::Result<Group> {
        let group = self.named(name);
        for dir in &group.outer {
            make(dir)?;
        }
        match self {
            Self::None => {}
            Self::V1 { .. } => create_v1(&group, limits)?,
            Self::V2 { .. } => create_v2(&group, limits)?,
        }
        Ok(group)
    }

    /// The groups of a sandbox, made or not.
    #[must_use]
    pub fn named(&self, name: &str) -> Group {
        match self {
            Self::None => Group {
                v2: false,
                outer: vec![],
            },
            Self::V1 { parents } => Group {
                v2: false,
                outer: parents.iter().map(|dir| dir.join(name)).collect(),
            },
            Self::V2 { parent } => Group {
                v2: true,
                outer: vec![parent.join(name)],
            },
        }
    }

    /// The names of all sandboxes' groups that are there.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let parent = match self {
            Self::None => return vec![],
            Self::V1 { parents } => parents.first(),
            Self::V2 { parent } => Some(parent),
        };
        let Some(entries) = parent.and_then(|dir| fs::read_dir(dir).ok()) else {
            return vec![];
        };
        entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }
}

/// One sandbox's groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    v2: bool,
    outer: Vec<PathBuf>,
}

impl Group {
    /// Whether there are none: nothing limits memory and processor time.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.outer.is_empty()
    }

    /// The directories that the engine itself is in.
    #[must_use]
    pub fn engine_dirs(&self) -> Vec<PathBuf> {
        if self.v2 {
            self.outer.iter().map(|dir| dir.join(ENGINE)).collect()
        } else {
            self.outer.clone()
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

    /// Removes the groups; a group with processes stays, as `EBUSY`.
    ///
    /// # Errors
    /// As rmdir(2).
    pub fn remove(&self) -> io::Result<()> {
        for outer in &self.outer {
            remove_tree(outer)?;
        }
        Ok(())
    }
}

/// What a group uses now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes.
    pub memory: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// Reads what the group of these directories uses; zero where a controller is missing.
#[must_use]
pub fn read_usage(dirs: &[OwnedFd]) -> Usage {
    let first = |names: &[&str]| {
        dirs.iter()
            .flat_map(|dir| names.iter().map(move |name| (dir, *name)))
            .find_map(|(dir, name)| read_number(dir.as_fd(), name))
    };
    Usage {
        memory: first(&["memory.usage_in_bytes", "memory.current"]).unwrap_or(0),
        pids: first(&["pids.current"]).unwrap_or(0),
    }
}

fn read_number(dir: BorrowedFd<'_>, name: &str) -> Option<u64> {
    let file = openat(dir, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    io::read_to_string(fs::File::from(file))
        .ok()?
        .trim()
        .parse()
        .ok()
}

fn create_v1(group: &Group, limits: &Limits) -> io::Result<()> {
    for (outer, controller) in group.outer.iter().zip(CONTROLLERS) {
        let learner = outer.join(LEARNER);
        let put = |file: &str, value: u64| fs::write(outer.join(file), value.to_string());
        match controller {
            "memory" => put("memory.limit_in_bytes", limits.outer_memory())?,
            "pids" => put("pids.max", limits.pids + ENGINE_PIDS)?,
            _ => {
                put("cpu.cfs_period_us", 100_000)?;
                put("cpu.cfs_quota_us", limits.cpu_percent * 1_000)?;
            }
        }
        make(&learner)?;
        match controller {
            "memory" => fs::write(
                learner.join("memory.limit_in_bytes"),
                limits.learner_memory().to_string(),
            )?,
            "pids" => fs::write(learner.join("pids.max"), limits.pids.to_string())?,
            _ => {}
        }
    }
    Ok(())
}

fn create_v2(group: &Group, limits: &Limits) -> io::Result<()> {
    for outer in &group.outer {
        fs::write(outer.join("memory.max"), limits.outer_memory().to_string())?;
        fs::write(
            outer.join("pids.max"),
            (limits.pids + ENGINE_PIDS).to_string(),
        )?;
        fs::write(
            outer.join("cpu.max"),
            format!("{} 100000", limits.cpu_percent * 1_000),
        )?;
        enable_controllers(outer);
        let (engine, learner) = (outer.join(ENGINE), outer.join(LEARNER));
        make(&engine)?;
        make(&learner)?;
        fs::write(
            learner.join("memory.max"),
            limits.learner_memory().to_string(),
        )?;
        fs::write(learner.join("pids.max"), limits.pids.to_string())?;
    }
    Ok(())
}

fn enable_controllers(dir: &Path) {
    for name in CONTROLLERS {
        let _ = fs::write(dir.join("cgroup.subtree_control"), format!("+{name}"));
    }
}

fn make(dir: &Path) -> io::Result<()> {
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn writable(dir: &Path) -> bool {
    fs::metadata(dir).is_ok_and(|meta| meta.uid() == rustix::process::geteuid().as_raw())
}

fn is_v2(root: &Path) -> bool {
    rustix::fs::statfs(root).is_ok_and(|fs| u64::try_from(fs.f_type) == Ok(CGROUP2_MAGIC))
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
