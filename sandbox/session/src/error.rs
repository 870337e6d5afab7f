//! Why a sandbox could not be started, found or ended.

use std::{io, path::PathBuf};

use drydock_runtime::sandbox::BuildError;

/// Why a sandbox could not be started, found or ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A file of the data directory.
    #[error("could not {action} {path}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
    /// A Unix socket's path may have 107 bytes.
    #[error(
        "the data directory's path is too long for a socket ({0}); choose a shorter --data-dir"
    )]
    PathTooLong(PathBuf),
    /// All ranges are locked.
    #[error("all {0} id ranges for sandboxes are in use; end some sandboxes")]
    NoIdRange(u32),
    /// An ordinary user without ids to give away.
    #[error(
        "user {user} has no range of 65536 subordinate ids; as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}"
    )]
    NoSubordinateIds {
        /// Whose.
        user: String,
    },
    /// newuidmap(1) or newgidmap(1).
    #[error("{program} failed: {reason}; install Debian's `uidmap` package")]
    IdMap {
        /// Which of the two.
        program: &'static str,
        /// What it said.
        reason: String,
    },
    /// A step of the start, in one of the processes that make a sandbox.
    #[error("{0}; `drydock doctor` tells what this host lacks")]
    Build(#[from] BuildError),
    /// Its way out.
    #[error("the sandbox got no way out: {}: {}; `drydock doctor` tells what this host lacks", .0.stage, .0.reason)]
    Egress(BuildError),
    /// A helper process.
    #[error("could not start a sandbox's processes: {0}")]
    Spawn(#[source] io::Error),
    /// The engine ended at once; its last words.
    #[error("the sandbox's engine ended at its start: {0}")]
    EngineEnded(String),
    /// Something did not answer in time.
    #[error("the sandbox did not {0} in time")]
    TooSlow(&'static str),
    /// Its engine's answer.
    #[error(transparent)]
    Engine(#[from] drydock_api::client::ClientError),
}

impl SessionError {
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}
