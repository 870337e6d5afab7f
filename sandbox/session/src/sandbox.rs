//! One sandbox, as the host sees it.

use std::{
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use drydock_api::client::Client;
use drydock_runtime::{process, sys};
use drydock_spec::SandboxId;
use serde::{Deserialize, Serialize};
use tokio::io::{Interest, unix::AsyncFd};

use crate::{
    SessionError,
    record::{Dir, Record},
};

/// Everything in a killed sandbox has ended long before.
const THAW_AGAIN: Duration = Duration::from_millis(200);

/// A live sandbox; cheap to clone.
#[derive(Debug, Clone)]
pub struct Sandbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    record: Record,
    client: Client,
    engine: AsyncFd<OwnedFd>,
}

/// What an engine says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Health {
    /// Version of the control protocol.
    pub protocol: u32,
    /// Drydock's version.
    pub version: String,
    /// Since its start.
    pub uptime_ms: u64,
    /// Bytes.
    pub memory: Meter,
    /// Bytes and inodes.
    pub disk: Disk,
    /// Processes and threads.
    pub pids: Meter,
    /// How many.
    pub containers: Containers,
    /// Since the last request or key.
    pub last_activity_ms_ago: u64,
}

/// Something limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Now.
    pub used: u64,
    /// At most; 0 where nothing limits it.
    pub limit: u64,
}

/// The sandbox's storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Bytes now.
    pub used: u64,
    /// Bytes at most.
    pub limit: u64,
    /// Files and directories now.
    pub inodes_used: u64,
    /// Files and directories at most.
    pub inodes_limit: u64,
}

/// Numbers of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Containers {
    /// Whose first process lives.
    pub running: u64,
    /// All of them.
    pub total: u64,
}

impl Sandbox {
    pub(crate) fn new(record: Record, dir: &Dir, engine: OwnedFd) -> std::io::Result<Self> {
        let client = Client::new(dir.socket());
        Ok(Self(Arc::new(Inner {
            record,
            client,
            engine: sys::watch(engine, Interest::READABLE)?,
        })))
    }

    pub(crate) fn record(&self) -> &Record {
        &self.0.record
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> SandboxId {
        self.0.record.id
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.0.record.owner
    }

    /// What it is for.
    #[must_use]
    pub fn lesson(&self) -> Option<&str> {
        self.0.record.lesson.as_deref()
    }

    /// When it was started.
    #[must_use]
    pub fn started_at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.record.started_ms)
    }

    /// When it ends, whatever happens.
    #[must_use]
    pub fn ends_at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.record.ends_at)
    }

    /// Door 2: the Engine API and what the server needs besides.
    #[must_use]
    pub fn client(&self) -> Client {
        self.0.client.clone()
    }

    /// The engine's process number on the host.
    #[must_use]
    pub fn engine_pid(&self) -> i32 {
        self.0.record.engine.pid
    }

    /// Whether its engine lives.
    #[must_use]
    pub fn alive(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut fds = [PollFd::new(self.0.engine.get_ref(), PollFlags::IN)];
        matches!(
            poll(
                &mut fds,
                Some(&Timespec {
                    tv_sec: 0,
                    tv_nsec: 0
                })
            ),
            Ok(0)
        )
    }

    /// Until its engine has ended.
    pub async fn ended(&self) {
        // A pidfd is readable when its process has ended; an error of epoll's would mean the same.
        let _ = self.0.engine.readable().await;
    }

    /// Kills its engine, and all that is in it; until that has ended. A container that is paused does not die before
    /// it runs again, and the engine may have been pausing one at this moment.
    pub(crate) async fn end(&self) {
        loop {
            self.kill();
            if tokio::time::timeout(THAW_AGAIN, self.ended()).await.is_ok() {
                return;
            }
        }
    }

    pub(crate) fn kill(&self) {
        // ESRCH: it has ended by itself.
        let _ = process::signal(self.0.engine.get_ref().as_fd(), libc::SIGKILL);
        self.0.record.cgroup.thaw();
    }

    /// Asks its engine how it is.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn health(&self) -> Result<Health, SessionError> {
        Ok(self.0.client.get_json("/drydock/v1/health").await?)
    }
}
