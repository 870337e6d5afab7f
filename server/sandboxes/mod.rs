//! One live sandbox per learner.
//!
//! - [`Sandboxes`]: starting, finding and ending them by learner and lesson.
//! - `places`: how many there may be.
//! - [`patrol`]: ends what is over, notices what died, and says why.
//!
//! A start runs on the server's own runtime: it is finished although the browser that asked has
//! left, and a second tab that asks meanwhile waits for the same one.

pub mod patrol;
mod places;

use std::{sync::Arc, time::Duration};

use drydock_session::{SessionError, Sessions, StartRequest};
use drydock_spec::SandboxId;
use tokio::{runtime::Handle, sync::OwnedMutexGuard, time::timeout};

pub use drydock_session::Sandbox;

use places::Places;

use crate::{
    config::{HEALTH_TIMEOUT, LIFETIME},
    error::{Refusal, chain},
    gates::Gates,
    learner::LearnerId,
    lessons::Lesson,
    store::{
        Store, StoreError,
        sandboxes::{EndReason, Started},
    },
};

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The learner's live sandbox belongs to this other lesson.
    #[error("another lesson's sandbox is running")]
    OtherLesson(String),
    /// As many run as may.
    #[error("all {0} places are taken")]
    Full(usize),
    /// The sandbox could not be made.
    #[error("could not start a sandbox")]
    Session(#[from] SessionError),
    /// The server's runtime is ending.
    #[error("the server is going down")]
    ShuttingDown,
}

/// What may happen to a sandbox that the learner has already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StartOptions {
    /// End this lesson's instead of sharing it.
    pub fresh: bool,
    /// End another lesson's instead of leaving it alone.
    pub replace: bool,
}

/// A sandbox that can be used now.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The sandbox.
    pub sandbox: Sandbox,
    /// Whether it was there before.
    pub shared: bool,
}

/// How a learner's sandbox for a lesson stands.
#[derive(Debug)]
pub enum State {
    /// There was never one, or only one of another lesson.
    None,
    /// It lives; its engine's figures, when the engine answered in time.
    Running(Sandbox, Option<drydock_session::Health>),
    /// It is over.
    Ended(SandboxId, EndReason),
}

/// All learners' sandboxes.
#[derive(Debug, Clone)]
pub struct Sandboxes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sessions: Sessions,
    store: Store,
    gates: Gates,
    places: Places,
    runtime: Handle,
}

impl Sandboxes {
    /// Starts out with the sandboxes that `sessions` found running; no start makes them more than `max`.
    /// They are watched on the runtime of whoever calls this.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn new(sessions: Sessions, store: Store, max: usize) -> Result<Self, StoreError> {
        let sandboxes = Self(Arc::new(Inner {
            sessions,
            store,
            gates: Gates::default(),
            places: Places::new(max),
            runtime: Handle::current(),
        }));
        sandboxes.bury_the_lost().await?;
        Ok(sandboxes)
    }

    /// The learner's sandbox for `lesson`, started if need be.
    ///
    /// # Errors
    /// When it cannot be started, no place is free, or another lesson's stands in the way.
    pub async fn start(
        &self,
        learner: LearnerId,
        lesson: Arc<Lesson>,
        options: StartOptions,
    ) -> Result<Ready, StartError> {
        let this = self.clone();
        let start = async move { this.start_alone(learner, &lesson, options).await };
        self.0
            .runtime
            .spawn(start)
            .await
            .unwrap_or(Err(StartError::ShuttingDown))
    }

    async fn start_alone(
        &self,
        learner: LearnerId,
        lesson: &Lesson,
        options: StartOptions,
    ) -> Result<Ready, StartError> {
        let alone = self.0.gates.enter(learner).await;
        let mut over = Vec::new();
        for sandbox in self.live(learner) {
            let reason = match sandbox.lesson() {
                Some(id) if id == lesson.id && options.fresh => EndReason::Reset,
                Some(id) if id == lesson.id => {
                    return Ok(Ready {
                        sandbox,
                        shared: true,
                    });
                }
                _ if options.replace => EndReason::Replaced,
                other => {
                    return Err(StartError::OtherLesson(
                        other.unwrap_or_default().to_owned(),
                    ));
                }
            };
            over.push((sandbox, reason));
        }
        // Before anything ends: who gets no place keeps what there is.
        let place = self
            .0
            .places
            .take(|| self.running().saturating_sub(over.len()));
        let _place = place.map_err(StartError::Full)?;
        for (sandbox, reason) in over {
            self.end_for(&sandbox, reason).await;
        }
        let sandbox = self.0.sessions.start(request(learner, lesson)).await?;
        self.record_start(learner, &sandbox, alone);
        Ok(Ready {
            sandbox,
            shared: false,
        })
    }

    /// The learner need not wait for the disk; whatever happens to this sandbox next does.
    fn record_start(&self, learner: LearnerId, sandbox: &Sandbox, alone: OwnedMutexGuard<()>) {
        let (this, sandbox) = (self.clone(), sandbox.clone());
        self.0.runtime.spawn(async move {
            let started = Started {
                id: sandbox.id(),
                learner,
                lesson: sandbox.lesson().unwrap_or_default(),
                ends_at: sandbox.ends_at(),
            };
            if let Err(error) = this.0.store.sandbox_started(&started).await {
                tracing::error!(sandbox = %started.id, error = chain(&error), "a start was not recorded");
            }
            drop(alone);
        });
    }

    /// Ends the learner's sandbox, if there is one.
    pub async fn end(&self, learner: LearnerId) {
        let this = self.clone();
        let ending = self.0.runtime.spawn(async move {
            let _alone = this.0.gates.enter(learner).await;
            for sandbox in this.live(learner) {
                this.end_for(&sandbox, EndReason::Ended).await;
            }
        });
        let _ = ending.await;
    }

    /// The learner's live sandbox, of whatever lesson.
    #[must_use]
    pub fn of(&self, learner: LearnerId) -> Option<Sandbox> {
        self.live(learner).into_iter().next()
    }

    /// The sandbox of that id, if it is this learner's and lives.
    #[must_use]
    pub fn find(&self, learner: LearnerId, id: SandboxId) -> Option<Sandbox> {
        let sandbox = self.0.sessions.get(id)?;
        (sandbox.owner() == learner.to_string() && sandbox.alive()).then_some(sandbox)
    }

    /// How the learner's sandbox for `lesson` stands.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn state(&self, learner: LearnerId, lesson: &str) -> Result<State, StoreError> {
        let live = self
            .live(learner)
            .into_iter()
            .find(|sandbox| sandbox.lesson() == Some(lesson));
        if let Some(sandbox) = live {
            let health = timeout(HEALTH_TIMEOUT, sandbox.health()).await;
            return Ok(State::Running(sandbox, health.ok().and_then(Result::ok)));
        }
        let ended = self.0.store.last_ended(learner, lesson).await?;
        Ok(ended.map_or(State::None, |(id, reason)| State::Ended(id, reason)))
    }

    /// Ends every learner's sandbox: the server was told to stop for good.
    pub async fn end_all(&self) {
        let all = self.own().into_iter();
        let endings = all.map(|sandbox| async move {
            self.end_for(&sandbox, EndReason::ServerStopped).await;
        });
        futures_util::future::join_all(endings).await;
    }

    /// How many run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.own().into_iter().filter(Sandbox::alive).count()
    }

    fn live(&self, learner: LearnerId) -> Vec<Sandbox> {
        let mut own = self.0.sessions.by_owner(&learner.to_string());
        own.retain(Sandbox::alive);
        own
    }

    /// Those of learners: `drydock shell` may keep others under the same data directory.
    fn own(&self) -> Vec<Sandbox> {
        let mut all = self.0.sessions.list();
        all.retain(|sandbox| LearnerId::parse(sandbox.owner()).is_some());
        all
    }

    /// The reason is recorded first, so that the patrol does not find a mere death.
    async fn end_for(&self, sandbox: &Sandbox, reason: EndReason) {
        self.0.record_end(sandbox.id(), reason).await;
        self.0.end_quietly(sandbox.id()).await;
    }
}

impl Inner {
    async fn record_end(&self, id: SandboxId, reason: EndReason) {
        if let Err(error) = self.store.sandbox_ended(id, reason).await {
            tracing::error!(sandbox = %id, error = chain(&error), "an end was not recorded");
        }
    }

    /// Failures are for the log: the learner can do nothing about them.
    async fn end_quietly(&self, id: SandboxId) {
        if let Err(error) = self.sessions.end(id).await {
            tracing::warn!(sandbox = %id, error = chain(&error), "a sandbox did not end cleanly");
        }
    }
}

fn request(learner: LearnerId, lesson: &Lesson) -> StartRequest {
    let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
    StartRequest {
        owner: learner.to_string(),
        lesson: Some(lesson.id.clone()),
        images: Some(lesson.images.clone()),
        files: lesson.files.clone(),
        limits: limits(lesson),
        privileged: lesson.privileged,
        docker_socket: None,
        registry: lesson.registry,
        egress: lesson.egress,
        lifetime: lesson.limits.lifetime_minutes.map_or(LIFETIME, minutes),
    }
}

fn limits(lesson: &Lesson) -> drydock_session::Limits {
    const MIB: u64 = 1024 * 1024;
    let mut limits = drydock_session::Limits::default();
    if let Some(mib) = lesson.limits.memory_mib {
        limits.memory = u64::from(mib) * MIB;
    }
    if let Some(mib) = lesson.limits.disk_mib {
        limits.storage = u64::from(mib) * MIB;
    }
    limits
}

impl StartError {
    /// What the learner is told. The particulars of a failure may hold paths of the host.
    #[must_use]
    pub fn refusal(self, title_of: impl FnOnce(&str) -> String) -> Refusal {
        match self {
            Self::OtherLesson(lesson) => Refusal::OtherLesson {
                title: title_of(&lesson),
                lesson,
            },
            Self::Full(places) => Refusal::Full(places),
            Self::ShuttingDown => Refusal::ShuttingDown,
            Self::Session(_) => {
                tracing::error!(error = chain(&self), "a sandbox did not start");
                Refusal::Unavailable("The sandbox could not be started.".into())
            }
        }
    }
}
