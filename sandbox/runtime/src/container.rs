//! What to start, as data: everything here crosses to a helper process as JSON.

use std::path::PathBuf;

use drydock_network::BridgeEndpoint;
use serde::{Deserialize, Serialize};

use crate::capability::Capabilities;

/// A container: a root file system, its namespaces and its first process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// Only for messages and process titles.
    pub id: String,
    /// As `uname -n` shows it inside.
    pub hostname: String,
    /// The NIS domain name; usually empty.
    pub domainname: String,
    /// The layers and where changes go.
    pub rootfs: Rootfs,
    /// `--read-only`.
    pub readonly_rootfs: bool,
    /// Mounted in this order, after `/proc`, `/dev` and `/sys`.
    pub mounts: Vec<Mount>,
    /// Which network namespace.
    pub network: Network,
    /// `/proc` and `/sys` have Docker's masked and read-only paths; `--privileged` has none.
    pub masked: bool,
    /// The first process.
    pub process: ProcessSpec,
    /// `--init`: a tiny first process that forwards signals and reaps.
    pub init: bool,
    /// Whose process numbers; another's only with [`Reach::Sandbox`].
    pub pid: Namespace,
    /// Whose IPC objects. Of another's, `/dev/shm` is shared too.
    pub ipc: Namespace,
    /// Whose host name; another's stays as it is.
    pub uts: Namespace,
    /// Bytes of `/dev/shm` of its own; without a number it has none.
    pub shm_size: Option<u64>,
}

/// Whose namespace of a kind a container is in; namespaces(7). Never more than the workstation's: the sandbox's own are
/// out of every container's reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Namespace {
    /// A new one.
    Own,
    /// The workstation's, which is the host of a sandbox's containers.
    Workstation,
    /// A running container's.
    Container,
}

/// An overlay: read-only layers, topmost first, and one writable directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rootfs {
    /// Topmost first, never empty (an empty directory stands for `scratch`).
    pub lowers: Vec<PathBuf>,
    /// Takes the changes; must exist.
    pub upper: PathBuf,
    /// overlayfs's own; must exist, on the same file system as `upper`.
    pub work: PathBuf,
}

/// One mount inside a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mount {
    /// What is shown.
    pub source: MountSource,
    /// Where, inside the container; made when missing.
    pub target: PathBuf,
    /// `:ro`.
    pub readonly: bool,
}

/// What a mount shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum MountSource {
    /// A path as the learner typed it, resolved inside the workstation.
    Workstation(PathBuf),
    /// A path of the engine: volumes, `/etc/hosts` and the like.
    Engine(PathBuf),
    /// Fresh memory.
    Tmpfs(Tmpfs),
    /// A place in the merged files of layers, found without leaving them; what is written goes to the upper directory.
    Layers {
        /// The layers.
        rootfs: Rootfs,
        /// From their root.
        path: PathBuf,
    },
}

/// A file system in memory; tmpfs(5). Never with device files: a sandbox has none to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tmpfs {
    /// Bytes at most.
    pub size: u64,
    /// Files and directories at most; without it, the kernel's half a page of memory each.
    pub inodes: Option<u64>,
    /// Permission bits of its root.
    pub mode: u32,
    /// Whose its root is.
    pub uid: u32,
    /// The same, of groups.
    pub gid: u32,
    /// Programs in it can be executed.
    pub exec: bool,
    /// Set-user-id bits are honoured.
    pub suid: bool,
    /// Whether, and how often, times of access are kept.
    pub atime: Atime,
}

impl Tmpfs {
    /// As Docker mounts one that nothing is said about: open to all, without programs.
    #[must_use]
    pub fn of_size(size: u64) -> Self {
        Self {
            size,
            inodes: None,
            mode: 0o1777,
            uid: 0,
            gid: 0,
            exec: false,
            suid: false,
            atime: Atime::Relative,
        }
    }
}

/// When a time of access is written; mount(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Atime {
    /// When it is older than the last change, or a day old.
    Relative,
    /// Always.
    Strict,
    /// Never.
    Never,
}

/// Docker's network modes, as far as namespaces go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Network {
    /// The workstation's.
    Host,
    /// Loopback only.
    None,
    /// A veth pair on a bridge.
    Bridge(BridgeEndpoint),
}

/// A process to start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessSpec {
    /// Program and arguments; the program is looked up in `PATH` of `env`.
    pub args: Vec<String>,
    /// `KEY=VALUE`.
    pub env: Vec<String>,
    /// Absolute; `launch` makes it when missing, `exec` does not.
    pub cwd: String,
    /// Docker's `user[:group]`, by name or number, looked up in the container; empty is root.
    pub user: String,
    /// Additional groups, by name or number.
    pub groups: Vec<String>,
    /// With a terminal of this size, or with pipes.
    pub tty: Option<TermSize>,
    /// What the process may do when its user is root.
    pub capabilities: Capabilities,
    /// Over what those capabilities reach.
    pub reach: Reach,
    /// `--security-opt no-new-privileges`.
    pub no_new_privileges: bool,
    /// The filter besides the sandbox's own.
    pub seccomp: Seccomp,
    /// Limits; one higher than the sandbox's own is an error.
    pub rlimits: Vec<Rlimit>,
}

/// Over what a process's capabilities reach: whose user namespace it is in; user_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// The engine's user namespace, so never more than [`Capabilities::ceiling`].
    Sandbox,
    /// A child of it, which owns nothing but the container's own namespaces: any capability is harmless there.
    Container,
}

/// A process to add to a running container.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExecSpec {
    /// The process.
    pub process: ProcessSpec,
}

/// A container's files, to be looked at or changed from outside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FilesSpec {
    /// The layers and where changes go; a running container's are found where they are mounted.
    pub rootfs: Rootfs,
    /// What is mounted over them.
    pub mounts: Vec<Mount>,
    /// `--read-only`: no writes but into the mounts.
    pub readonly_rootfs: bool,
}

/// A terminal's size in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermSize {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// Which system calls a container may make, besides what the whole sandbox may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seccomp {
    /// An allow-list like Docker's.
    Default,
    /// Only the sandbox's own filter.
    Unconfined,
}

/// One `setrlimit(2)`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rlimit {
    /// As Docker writes it: `nofile`, `nproc`, …
    pub name: String,
    /// Soft limit.
    pub soft: u64,
    /// Hard limit.
    pub hard: u64,
}
