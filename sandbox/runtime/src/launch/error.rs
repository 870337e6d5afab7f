//! Why a process did not start.

use std::io;

use serde::{Deserialize, Serialize};

/// Why a process did not start; crosses from the failing process to the engine as JSON.
#[derive(Debug, Clone, Serialize, Deserialize, thiserror::Error)]
pub enum LaunchError {
    /// No such program in the container.
    #[error("exec: {name:?}: executable file not found in $PATH")]
    NotFound {
        /// As the learner wrote it.
        name: String,
    },
    /// A path that names no file.
    #[error("exec: {name:?}: stat {name}: no such file or directory")]
    NoSuchFile {
        /// As the learner wrote it.
        name: String,
    },
    /// It is there but cannot be executed.
    #[error("exec: {name:?}: {reason}")]
    NotExecutable {
        /// As the learner wrote it.
        name: String,
        /// `permission denied`, `is a directory`, `exec format error`, …
        reason: String,
    },
    /// `-u` names nobody.
    #[error("unable to find user {0}: no matching entries in passwd file")]
    NoSuchUser(String),
    /// `-u` has a number that is no uid.
    #[error("uids and gids must be in range 0-2147483647")]
    IdOutOfRange,
    /// `-u` or `--group-add` names no group.
    #[error("unable to find group {0}: no matching entries in group file")]
    NoSuchGroup(String),
    /// The working directory cannot be entered.
    #[error("chdir to cwd ({cwd:?}) set in config.json failed: {reason}")]
    Cwd {
        /// As configured.
        cwd: String,
        /// The kernel's reason.
        reason: String,
    },
    /// An exec's working directory is no absolute path.
    #[error("Cwd must be an absolute path")]
    RelativeCwd,
    /// The host name is longer than the kernel's 64 bytes.
    #[error("error during container init: sethostname: {0}")]
    Hostname(String),
    /// A mount could not be made.
    #[error(
        "error during container init: error mounting {source_path:?} to rootfs at {target:?}: mount src={source_path}, dst={target}{flags}: {reason}"
    )]
    Mount {
        /// What was to be shown.
        source_path: String,
        /// Where.
        target: String,
        /// `, flags=MS_…`, where they say something.
        flags: String,
        /// The kernel's reason.
        reason: String,
    },
    /// A limit that the kernel does not take; the text names it.
    #[error("error during container init: error setting cgroup config for procHooks process: {0}")]
    Limit(String),
    /// A `--ulimit` that the kernel does not take.
    #[error(
        "error during container init: error setting rlimits for ready process: error setting rlimit type {number}: {reason}"
    )]
    Rlimit {
        /// Its `RLIMIT_…`; getrlimit(2).
        number: u32,
        /// The kernel's reason, and the sandbox's own limit where that is the reason.
        reason: String,
    },
    /// Any other step of the setup.
    #[error("setup failed while {stage}: {reason}")]
    Init {
        /// What was being done.
        stage: String,
        /// The kernel's reason.
        reason: String,
    },
    /// A limit of the sandbox.
    #[error("the sandbox's limit of processes is reached; end some with `docker stop` or `kill`")]
    TooManyProcesses,
    /// The helper said something unreadable, or died.
    #[error("the helper process ended early: {0}")]
    Helper(String),
}

impl LaunchError {
    /// A failed step of the setup.
    pub fn init(stage: impl Into<String>, source: &io::Error) -> Self {
        Self::Init {
            stage: stage.into(),
            reason: reason(source),
        }
    }
}

/// The kernel's reason, in Docker's (Go's) lower case and without a number.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.to_lowercase()
}
