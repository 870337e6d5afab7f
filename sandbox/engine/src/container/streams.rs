//! A container's output to everybody attached, and their input to it. Outlives single runs.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use drydock_api::stdcopy::Stream;
use tokio::{
    io::AsyncWriteExt as _,
    net::unix::pipe,
    sync::{mpsc, watch},
};

use crate::process::Process;

/// Pieces of output (64 KiB at most each) that an attached client may be behind before the container waits for it.
const BEHIND: usize = 16;

/// Output and input.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    listeners: Mutex<Vec<Listener>>,
    input: watch::Sender<Option<Input>>,
}

#[derive(Debug, Clone)]
struct Listener {
    wants: Wants,
    to: mpsc::Sender<(Stream, Bytes)>,
}

/// Which output somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wants {
    pub stdout: bool,
    pub stderr: bool,
}

/// Where input goes while the container runs.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    Pipe(Arc<tokio::sync::Mutex<pipe::Sender>>),
    Terminal(Process),
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, Vec<Listener>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Output from now on, until the current run ends, or the next one when there is none.
    pub(crate) fn listen(&self, wants: Wants) -> mpsc::Receiver<(Stream, Bytes)> {
        let (to, from) = mpsc::channel(BEHIND);
        let mut listeners = self.lock();
        listeners.retain(|listener| !listener.to.is_closed());
        listeners.push(Listener { wants, to });
        from
    }

    /// Hands a piece of output to everybody who wants it, waiting for those who are behind.
    pub(crate) async fn publish(&self, stream: Stream, bytes: Bytes) {
        let listeners: Vec<Listener> = {
            let mut listeners = self.lock();
            listeners.retain(|listener| !listener.to.is_closed());
            listeners.clone()
        };
        for listener in listeners {
            let wanted = match stream {
                Stream::Stderr => listener.wants.stderr,
                Stream::Stdin | Stream::Stdout | Stream::System => listener.wants.stdout,
            };
            if wanted {
                let _ = listener.to.send((stream, bytes.clone())).await;
            }
        }
    }

    /// A run has begun: input goes here.
    pub(crate) fn begin(&self, input: Option<Input>) {
        self.input.send_replace(input);
    }

    /// A run has ended: nobody hears any more, input goes nowhere.
    pub(crate) fn end(&self) {
        self.input.send_replace(None);
        self.lock().clear();
    }

    /// Where input goes; waits for the next run when there is none.
    pub(crate) async fn input(&self) -> Option<Input> {
        let mut input = self.input.subscribe();
        input
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|input| input.clone())
    }

    /// No more input for this run: its first process reads the end of file.
    pub(crate) fn close_input(&self) {
        self.input.send_if_modified(|input| match input {
            Some(Input::Pipe(_)) => input.take().is_some(),
            Some(Input::Terminal(_)) | None => false,
        });
    }
}

impl Input {
    /// Types all of `bytes`, waiting while the process does not read.
    pub(crate) async fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Pipe(pipe) => pipe.lock().await.write_all(bytes).await,
            Self::Terminal(process) => match process.pty() {
                Some(pty) => pty.write_all(bytes).await,
                None => Ok(()),
            },
        }
    }
}
