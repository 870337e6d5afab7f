//! All sandboxes of one data directory.

use std::{
    collections::HashMap,
    os::fd::OwnedFd,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime},
};

use drydock_runtime::cgroup::{Hierarchy, Limits};
use drydock_spec::SandboxId;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::{
    SessionError,
    errands::{Keeper, policy::RegistryPolicy},
    host::DataDir,
    reap,
    record::{Dir, KeptBy, Process, Record},
    sandbox::Sandbox,
    start::{self, Site},
};

/// A killed engine takes its processes along in milliseconds; this is for a host in distress.
const END_DEADLINE: Duration = Duration::from_secs(20);

/// How sandboxes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// By a server that may be restarted.
    Server,
    /// By this one process.
    Once,
}

/// What [`Sessions::open`] needs to know.
#[derive(Debug, Clone)]
pub struct SessionsConfig {
    /// Where everything is.
    pub data_dir: PathBuf,
    /// Who keeps the sandboxes.
    pub role: Role,
    /// Without server and terminal for so long, a sandbox ends itself.
    pub idle: Duration,
    /// What sandboxes may have done at registries.
    pub registries: RegistryPolicy,
    /// Whether sandboxes that ask for a way out get one.
    pub egress: bool,
}

/// One sandbox asked for.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// Whose, in the caller's words.
    pub owner: String,
    /// What for.
    pub lesson: Option<String>,
    /// The images that are there from the start; all of the store's when not said.
    pub images: Option<Vec<String>>,
    /// A tar of files for the workstation's `/root`.
    pub files: Option<Vec<u8>>,
    /// What it may use.
    pub limits: Limits,
    /// It ends after so long.
    pub lifetime: Duration,
    /// Whether `--privileged` and any `--cap-add` can be had inside: power over one's own containers only, but more of
    /// the kernel within reach.
    pub privileged: bool,
    /// Where the learner's door also appears on the host.
    pub docker_socket: Option<PathBuf>,
    /// Whether it has a registry of its own, at `localhost:5000` on the workstation.
    pub registry: bool,
    /// Whether it gets a way out to the internet, if the operator allows that.
    pub egress: bool,
}

/// All sandboxes of one data directory; cheap to clone.
#[derive(Debug, Clone)]
pub struct Sessions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    site: Site,
    keeper: Keeper,
    live: Mutex<HashMap<SandboxId, Sandbox>>,
}

impl Sessions {
    /// Finds a server's running sandboxes again, and clears away what dead ones left.
    ///
    /// # Errors
    /// The data directory cannot be used.
    pub async fn open(config: SessionsConfig) -> Result<Self, SessionError> {
        let data = DataDir::open(&config.data_dir)?;
        let hierarchy = Hierarchy::detect();
        let run = data.run();
        let found = reap::sweep(&run, &hierarchy)
            .await
            .map_err(SessionError::file("read", &run))?;
        let kept_by = match config.role {
            Role::Server => KeptBy::Server,
            Role::Once => KeptBy::Process,
        };
        let site = Site {
            program: data.program()?,
            data,
            hierarchy,
            kept_by,
            idle: config.idle,
            egress: config.egress,
        };
        let sessions = Self(Arc::new(Inner {
            keeper: Keeper::new(site.data.path().to_owned(), config.registries),
            site,
            live: Mutex::default(),
        }));
        if config.role == Role::Server {
            for id in found {
                sessions.find_again(id);
            }
        }
        Ok(sessions)
    }

    /// Whether nothing limits the sandboxes' memory and processor time on this host.
    #[must_use]
    pub fn unlimited(&self) -> bool {
        self.0.site.hierarchy == Hierarchy::None
    }

    /// Starts a sandbox; it answers when this returns.
    ///
    /// # Errors
    /// Any step of the start; nothing is left behind.
    pub async fn start(&self, request: StartRequest) -> Result<Sandbox, SessionError> {
        let sandbox = start::start(&self.0.site, request).await?;
        self.keep(sandbox.clone());
        Ok(sandbox)
    }

    /// A live sandbox, by id.
    #[must_use]
    pub fn get(&self, id: SandboxId) -> Option<Sandbox> {
        self.live()
            .get(&id)
            .filter(|sandbox| sandbox.alive())
            .cloned()
    }

    /// All live sandboxes.
    #[must_use]
    pub fn list(&self) -> Vec<Sandbox> {
        self.live()
            .values()
            .filter(|sandbox| sandbox.alive())
            .cloned()
            .collect()
    }

    /// One owner's live sandboxes.
    #[must_use]
    pub fn by_owner(&self, owner: &str) -> Vec<Sandbox> {
        self.list()
            .into_iter()
            .filter(|sandbox| sandbox.owner() == owner)
            .collect()
    }

    /// Ends a sandbox and everything in it; ending one that is not there is done already.
    ///
    /// # Errors
    /// It did not end in time.
    pub async fn end(&self, id: SandboxId) -> Result<(), SessionError> {
        // Whoever takes it out of the map clears away after it.
        let taken = self.live().remove(&id);
        let Some(sandbox) = taken else { return Ok(()) };
        if tokio::time::timeout(END_DEADLINE, sandbox.end())
            .await
            .is_err()
        {
            return Err(SessionError::TooSlow("end"));
        }
        self.clear_away(&sandbox).await;
        Ok(())
    }

    /// Ends all of them, at once.
    pub async fn end_all(&self) {
        let ends: Vec<_> = self
            .list()
            .into_iter()
            .map(|sandbox| {
                let sessions = self.clone();
                tokio::spawn(async move { sessions.end(sandbox.id()).await })
            })
            .collect();
        for end in ends {
            if let Ok(Err(error)) = end.await {
                tracing::warn!(%error, "a sandbox did not end");
            }
        }
    }

    fn live(&self) -> MutexGuard<'_, HashMap<SandboxId, Sandbox>> {
        // Nothing panics while it holds this lock.
        self.0
            .live
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn find_again(&self, id: SandboxId) {
        let dir = Dir::new(&self.0.site.data.run(), id);
        let found = dir.read().and_then(|record| {
            if record.kept_by != KeptBy::Server {
                return Ok(None);
            }
            let engine = same_process(&record)?;
            Sandbox::new(record, &dir, engine).map(Some)
        });
        match found {
            Ok(Some(sandbox)) => self.keep(sandbox),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, %id, "a running sandbox cannot be found again; it ends by its idle time")
            }
        }
    }

    /// Watches it to its end: by itself, by its time, or by [`Self::end`].
    fn keep(&self, sandbox: Sandbox) {
        self.live().insert(sandbox.id(), sandbox.clone());
        self.0.keeper.attend(&sandbox);
        let sessions = self.clone();
        tokio::spawn(async move {
            let left = sandbox
                .ends_at()
                .duration_since(SystemTime::now())
                .unwrap_or_default();
            if tokio::time::timeout(left, sandbox.ended()).await.is_err() {
                sandbox.end().await;
            }
            if sessions.live().remove(&sandbox.id()).is_some() {
                sessions.clear_away(&sandbox).await;
            }
        });
    }

    async fn clear_away(&self, sandbox: &Sandbox) {
        reap::remove_group(&sandbox.record().cgroup).await;
        reap::remove_dir(&Dir::new(&self.0.site.data.run(), sandbox.id()));
    }
}

/// The engine of a record, if its number has not become another's.
fn same_process(record: &Record) -> std::io::Result<OwnedFd> {
    let gone = || std::io::Error::from_raw_os_error(libc::ESRCH);
    let pid = Pid::from_raw(record.engine.pid).ok_or_else(gone)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    // After the pidfd is open: whoever it names now is who it will name.
    if Process::note(record.engine.pid)? == record.engine {
        Ok(pidfd)
    } else {
        Err(gone())
    }
}
