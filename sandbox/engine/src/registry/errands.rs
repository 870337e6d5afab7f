//! Errands under way, and the keeper who does them; see [`drydock_api::errand`].

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::BytesMut;
use drydock_api::errand::{
    Errand, ErrandId, MAX_LINE, News, Refusal, RefusalKind, ToEngine, ToKeeper,
};
use tokio::{
    io::AsyncWriteExt as _,
    sync::{mpsc, watch},
    time::timeout,
};

use super::pack::Packed;
use crate::http::hijack::{Raw, Reader};

/// Errands that wait for a keeper that reads slowly.
const QUEUE: usize = 16;
/// News of one errand that nobody has read yet; steps of progress beyond it are dropped.
const NEWS: usize = 512;
/// A keeper comes in milliseconds after the sandbox started; this is for a server that is being restarted.
const WAIT_FOR_KEEPER: Duration = Duration::from_secs(5);

const NOBODY: &str = "the server that speaks with registries for this sandbox cannot be reached just now; try again in a minute";

/// Errands under way.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    state: Mutex<State>,
    keeper: watch::Sender<Option<mpsc::Sender<ToKeeper>>>,
}

#[derive(Debug, Default)]
struct State {
    last: ErrandId,
    under_way: HashMap<ErrandId, UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    news: mpsc::Sender<News>,
    /// What a push uploads.
    packed: Option<Arc<Packed>>,
}

/// One errand, as who asked for it sees it; when it is dropped, the keeper is told that nobody waits.
#[derive(Debug)]
pub(crate) struct Asked {
    id: ErrandId,
    news: mpsc::Receiver<News>,
    errands: Arc<Errands>,
}

impl Asked {
    /// The next news; there is always a last one.
    pub(crate) async fn next(&mut self) -> News {
        self.news
            .recv()
            .await
            .unwrap_or_else(|| News::Failed(nobody()))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if self.errands.state().under_way.remove(&self.id).is_some()
            && let Some(keeper) = &*self.errands.keeper.borrow()
        {
            let _ = keeper.try_send(ToKeeper::Withdraw(self.id));
        }
    }
}

fn nobody() -> Refusal {
    Refusal::new(RefusalKind::Unreachable, NOBODY)
}

impl Errands {
    /// Has the keeper do something; `packed` is what it may read for it.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        errand: Errand,
        packed: Option<Arc<Packed>>,
    ) -> Result<Asked, Refusal> {
        let mut keepers = self.keeper.subscribe();
        let keeper = async {
            let keeper = keepers.wait_for(Option::is_some).await.ok()?;
            (*keeper).clone()
        };
        let keeper = timeout(WAIT_FOR_KEEPER, keeper).await;
        let keeper = keeper.ok().flatten().ok_or_else(nobody)?;
        let (sender, news) = mpsc::channel(NEWS);
        let id = {
            let mut state = self.state();
            state.last += 1;
            let id = state.last;
            let news = sender;
            state.under_way.insert(id, UnderWay { news, packed });
            id
        };
        let asked = Asked {
            id,
            news,
            errands: Arc::clone(self),
        };
        match keeper.send(ToKeeper::Do(id, Box::new(errand))).await {
            Ok(()) => Ok(asked),
            Err(_) => Err(nobody()),
        }
    }

    /// What the keeper may read for an errand.
    pub(crate) fn packed(&self, id: ErrandId) -> Option<Arc<Packed>> {
        self.state().under_way.get(&id)?.packed.clone()
    }

    /// A keeper has come; the one before is not asked any more. Until its connection ends.
    pub(crate) async fn serve(&self, raw: Raw) {
        let (sender, mut errands) = mpsc::channel(QUEUE);
        self.keeper.send_replace(Some(sender.clone()));
        let Raw { reader, mut writer } = raw;
        let mut lines = Lines::new(reader);
        loop {
            tokio::select! {
                line = lines.next() => {
                    let message = line.ok().flatten();
                    let message = message.and_then(|line| serde_json::from_slice(&line).ok());
                    match message {
                        Some(message) => self.pass_on(message),
                        None => break,
                    }
                }
                Some(message) = errands.recv() => {
                    let mut line = serde_json::to_vec(&message).unwrap_or_default();
                    line.push(b'\n');
                    if writer.write_all(&line).await.is_err() {
                        break;
                    }
                }
            }
        }
        self.keeper.send_if_modified(|keeper| {
            let is_this = keeper
                .as_ref()
                .is_some_and(|keeper| keeper.same_channel(&sender));
            if is_this {
                *keeper = None;
                // Whoever waits sees the end of the news.
                self.state().under_way.clear();
            }
            is_this
        });
    }

    fn pass_on(&self, message: ToEngine) {
        let mut state = self.state();
        let Some(errand) = state.under_way.get(&message.id) else {
            return;
        };
        let is_progress = matches!(message.news, News::Layer(..));
        let last = matches!(message.news, News::Done(_) | News::Failed(_));
        let passed = errand.news.try_send(message.news).is_ok();
        if last || !(passed || is_progress) {
            state.under_way.remove(&message.id);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lines that a keeper sends.
struct Lines {
    reader: Reader,
    pending: BytesMut,
}

impl Lines {
    fn new(reader: Reader) -> Self {
        Self {
            reader,
            pending: BytesMut::new(),
        }
    }

    /// The next line; `None` at the end. Safe to be dropped while it waits.
    async fn next(&mut self) -> io::Result<Option<BytesMut>> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.pending.split_to(end + 1)));
            }
            if self.pending.len() > MAX_LINE {
                return Err(io::ErrorKind::InvalidData.into());
            }
            match self.reader.read(&mut buffer).await? {
                0 => return Ok(None),
                count => self.pending.extend_from_slice(&buffer[..count]),
            }
        }
    }
}
