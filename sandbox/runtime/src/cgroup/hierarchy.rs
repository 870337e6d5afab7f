//! The host's cgroup file systems, and one sandbox's groups in them.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Group, Limits, limits::ENGINE_PIDS};

const ROOT: &str = "/sys/fs/cgroup";
/// `CGROUP_SUPER_MAGIC` and `CGROUP2_SUPER_MAGIC`; statfs(2).
const CGROUP_MAGIC: u64 = 0x0027_e0eb;
const CGROUP2_MAGIC: u64 = 0x6367_7270;
/// The controllers that a sandbox is limited by.
const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];
/// Those that only its containers need. On v1 each is a tree of its own; on v2 accounting and freezing
/// are part of every group.
const FOR_CONTAINERS: [&str; 3] = ["cpuacct", "cpuset", "freezer"];
/// All sandboxes' groups are below this one.
const PARENT: &str = "drydock";
/// The learner's group inside a sandbox's.
pub(super) const LEARNER: &str = "learner";
/// The engine's, on v2, where a group with limits below it holds no processes.
pub(super) const ENGINE: &str = "engine";

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
        /// The same, in trees that nothing is limited in. A sandbox has a group there because whoever is root of
        /// a user namespace may mount any tree, and then sees what is below the group that the sandbox came with.
        others: Vec<PathBuf>,
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
        Self::detect_v1().unwrap_or(Self::None)
    }

    /// Controllers that are mounted together, as `cpu,cpuacct` by systemd, are one tree by two names.
    fn detect_v1() -> Option<Self> {
        let mut trees = Vec::new();
        let mut add = |name: &str| {
            let tree = fs::canonicalize(Path::new(ROOT).join(name)).ok()?;
            let parent = tree.join(PARENT);
            make(&parent).ok().filter(|()| writable(&parent))?;
            inherit_cpuset(&parent).ok()?;
            if !trees.contains(&parent) {
                trees.push(parent);
            }
            Some(())
        };
        for name in CONTROLLERS {
            add(name)?;
        }
        for name in FOR_CONTAINERS {
            let _ = add(name);
        }
        let others = other_trees().into_iter().map(|tree| tree.join(PARENT));
        let others = others
            .filter(|parent| !trees.contains(parent) && make(parent).is_ok() && writable(parent))
            .collect();
        Some(Self::V1 {
            parents: trees,
            others,
        })
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
        for dir in group.outer().iter().chain(group.others()) {
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
            Self::None => Group::v1(vec![], vec![]),
            Self::V1 { parents, others } => {
                let named = |dirs: &[PathBuf]| dirs.iter().map(|dir| dir.join(name)).collect();
                Group::v1(named(parents), named(others))
            }
            Self::V2 { parent } => Group::v2(parent.join(name)),
        }
    }

    /// The names of all sandboxes' groups that are there.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let parent = match self {
            Self::None => return vec![],
            Self::V1 { parents, .. } => parents.first(),
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

fn create_v1(group: &Group, limits: &Limits) -> io::Result<()> {
    for outer in group.outer() {
        let learner = outer.join(LEARNER);
        inherit_cpuset(outer)?;
        put(outer, "memory.limit_in_bytes", limits.outer_memory())?;
        put(outer, "pids.max", limits.pids + ENGINE_PIDS)?;
        put(outer, "cpu.cfs_period_us", 100_000)?;
        put(outer, "cpu.cfs_quota_us", limits.cpu_percent * 1_000)?;
        make(&learner)?;
        inherit_cpuset(&learner)?;
        put(&learner, "memory.limit_in_bytes", limits.learner_memory())?;
        put(&learner, "pids.max", limits.pids)?;
    }
    Ok(())
}

/// Writes a value in the one tree of v1 that has such a file.
fn put(dir: &Path, file: &str, value: u64) -> io::Result<()> {
    let file = dir.join(file);
    match file.exists() {
        true => fs::write(file, value.to_string()),
        false => Ok(()),
    }
}

/// A new group of v1 has no processors and takes no processes: it gets its parent's, and passes them on
/// to those made in it (`cgroup.clone_children`).
fn inherit_cpuset(dir: &Path) -> io::Result<()> {
    let Some(parent) = dir.parent().filter(|_| dir.join("cpuset.cpus").exists()) else {
        return Ok(());
    };
    for file in ["cpuset.cpus", "cpuset.mems"] {
        if fs::read_to_string(dir.join(file))?.trim().is_empty() {
            fs::write(
                dir.join(file),
                fs::read_to_string(parent.join(file))?.trim(),
            )?;
        }
    }
    fs::write(dir.join("cgroup.clone_children"), "1")
}

fn create_v2(group: &Group, limits: &Limits) -> io::Result<()> {
    for outer in group.outer() {
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
    for name in CONTROLLERS.into_iter().chain(["cpuset"]) {
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
    magic(root) == Some(CGROUP2_MAGIC)
}

/// All trees of a v1 host, systemd's and that of v2 among them, each once.
fn other_trees() -> std::collections::BTreeSet<PathBuf> {
    let entries = fs::read_dir(ROOT).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| fs::canonicalize(entry.path()).ok())
        .filter(|tree| matches!(magic(tree), Some(CGROUP_MAGIC | CGROUP2_MAGIC)))
        .collect()
}

fn magic(dir: &Path) -> Option<u64> {
    u64::try_from(rustix::fs::statfs(dir).ok()?.f_type).ok()
}
