//! Work at registries, done for the sandboxes of this server; see [`drydock_api::errand`].
//!
//! - [`Keeper`]: answers the engines' errands. [`policy`]: what the operator allows.
//! - `pulls`: one pull for all who want the same. [`helper`]: the process that does it.

pub mod helper;
pub mod policy;
mod pulls;

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use drydock_api::{
    client::Hijacked,
    errand::{
        Errand, ErrandId, Job, MAX_LINE, News, PROTOCOL, Refusal, RefusalKind, ToEngine, ToKeeper,
    },
};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::Method;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::AbortHandle,
    time::timeout,
};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec};

use self::{
    policy::RegistryPolicy,
    pulls::{Progress, Pulls},
};
use crate::Sandbox;

/// Pulls at once, for all sandboxes together; who comes later waits.
const PULLS: usize = 3;
/// Other errands at once.
const OTHERS: usize = 6;
/// Errands of one sandbox at once.
const PER_SANDBOX: usize = 8;
/// No errand takes longer.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// Lines that may wait for an engine that reads slowly.
const QUEUE: usize = 64;
/// Bytes of images in the store, when the operator says nothing.
const STORE_LIMIT: u64 = 20 << 30;

/// Does errands; cheap to clone.
#[derive(Debug, Clone)]
pub struct Keeper(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    data_dir: PathBuf,
    policy: RegistryPolicy,
    pulls: Pulls,
    pull_places: Semaphore,
    other_places: Semaphore,
}

impl Keeper {
    pub fn new(data_dir: PathBuf, policy: RegistryPolicy) -> Self {
        Self(Arc::new(Inner {
            data_dir,
            policy,
            pulls: Pulls::default(),
            pull_places: Semaphore::new(PULLS),
            other_places: Semaphore::new(OTHERS),
        }))
    }

    /// Does what the sandbox's engine asks for, until it ends or asks another keeper.
    pub fn attend(&self, sandbox: &Sandbox) {
        let (keeper, sandbox) = (self.clone(), sandbox.clone());
        tokio::spawn(async move {
            let path = format!("/drydock/v1/errands?protocol={PROTOCOL}");
            match sandbox.client().hijack(Method::POST, &path, None).await {
                Ok(stream) => keeper.serve(&sandbox, stream).await,
                // One that an older server started.
                Err(error) => tracing::debug!(%error, id = %sandbox.id(), "it has no errands"),
            }
        });
    }

    async fn serve(&self, sandbox: &Sandbox, stream: Hijacked) {
        let (reader, writer) = stream.split();
        let codec = || LinesCodec::new_with_max_length(MAX_LINE);
        let mut asked = FramedRead::new(reader, codec());
        let mut answers = FramedWrite::new(writer, codec());
        let (sender, mut told) = mpsc::channel::<ToEngine>(QUEUE);
        let mut doing: HashMap<ErrandId, AbortHandle> = HashMap::new();
        loop {
            tokio::select! {
                line = asked.next() => {
                    let message = line
                        .and_then(Result::ok)
                        .and_then(|line| serde_json::from_str(&line).ok());
                    match message {
                        Some(ToKeeper::Do(id, errand)) => {
                            doing.retain(|_, task| !task.is_finished());
                            let full = doing.len() >= PER_SANDBOX;
                            doing.insert(id, self.begin(sandbox, id, *errand, full, sender.clone()));
                        }
                        Some(ToKeeper::Withdraw(id)) => {
                            if let Some(task) = doing.remove(&id) {
                                task.abort();
                            }
                        }
                        None => break,
                    }
                }
                Some(message) = told.recv() => {
                    let line = serde_json::to_string(&message).unwrap_or_default();
                    if answers.send(line).await.is_err() {
                        break;
                    }
                }
            }
        }
        doing.values().for_each(AbortHandle::abort);
    }

    fn begin(
        &self,
        sandbox: &Sandbox,
        id: ErrandId,
        errand: Errand,
        full: bool,
        sender: mpsc::Sender<ToEngine>,
    ) -> AbortHandle {
        let keeper = self.clone();
        let socket = sandbox.client().socket().display().to_string();
        let task = tokio::spawn(async move {
            let to_engine = Answers { id, sender };
            let done = async {
                if full {
                    let text = "too many requests to registries at once; wait for one to end";
                    return Err(Refusal::new(RefusalKind::Failed, text));
                }
                keeper.0.policy.check(&errand)?;
                keeper.perform(errand, (socket, id), &to_engine).await
            };
            let refusal = match timeout(LONGEST, done).await {
                Ok(Ok(())) => return,
                Ok(Err(refusal)) => refusal,
                Err(_) => Refusal::new(RefusalKind::Failed, "given up after 30 minutes"),
            };
            to_engine.tell(News::Failed(refusal)).await;
        });
        task.abort_handle()
    }

    async fn perform(
        &self,
        errand: Errand,
        source: (String, ErrandId),
        to_engine: &Answers,
    ) -> Result<(), Refusal> {
        if let Errand::Pull { name, platform } = errand {
            return self.follow_pull((name, platform), to_engine).await;
        }
        let is_push = matches!(errand, Errand::Push { .. });
        let job = self.job(errand, is_push.then_some(source));
        let _place = self.0.other_places.acquire().await;
        let mut doing = helper::start(job);
        loop {
            let news = doing.next().await;
            let last = matches!(news, News::Done(_) | News::Failed(_));
            if !to_engine.tell(news).await || last {
                return Ok(());
            }
        }
    }

    /// Whoever asked first may go: the others still want it.
    async fn follow_pull(&self, key: pulls::Key, to_engine: &Answers) -> Result<(), Refusal> {
        let mut follower = self.0.pulls.follow(&key, |progress| {
            let (keeper, key) = (self.clone(), key.clone());
            tokio::spawn(async move {
                keeper.pull(&key, &progress).await;
                keeper.0.pulls.forget(&key);
            });
        });
        loop {
            let news = follower.next().await;
            let Some(last) = news.last() else {
                let text = "the pull broke off; try again";
                return Err(Refusal::new(RefusalKind::Failed, text));
            };
            let last = matches!(last, News::Done(_) | News::Failed(_));
            for news in news {
                if !to_engine.tell(news).await {
                    return Ok(());
                }
            }
            if last {
                return Ok(());
            }
        }
    }

    async fn pull(&self, (name, platform): &pulls::Key, progress: &watch::Sender<Progress>) {
        let errand = Errand::Pull {
            name: name.clone(),
            platform: platform.clone(),
        };
        let _place = self.0.pull_places.acquire().await;
        let mut doing = helper::start(self.job(errand, None));
        let all = async {
            loop {
                let news = doing.next().await;
                let last = matches!(news, News::Done(_) | News::Failed(_));
                progress.send_modify(|progress| progress.take(news));
                if last {
                    return;
                }
            }
        };
        // Who follows sees the sender go.
        let _ = timeout(LONGEST, all).await;
    }

    fn job(&self, errand: Errand, source: Option<(String, ErrandId)>) -> Job {
        let policy = &self.0.policy;
        let text = |path: &PathBuf| path.display().to_string();
        Job {
            data_dir: text(&self.0.data_dir),
            errand,
            docker_config: policy.docker_config.as_ref().map(text),
            plain_http: policy.plain_http.clone(),
            source,
            store_limit: policy.store_limit.unwrap_or(STORE_LIMIT),
        }
    }
}

/// Where the news of one errand go.
struct Answers {
    id: ErrandId,
    sender: mpsc::Sender<ToEngine>,
}

impl Answers {
    /// False when the engine has gone.
    async fn tell(&self, news: News) -> bool {
        let message = ToEngine { id: self.id, news };
        self.sender.send(message).await.is_ok()
    }
}
