//! One terminal: its shell, its last output, and who looks at it.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use drydock_runtime::{
    container::{ExecSpec, ProcessSpec, TermSize},
    launch::Stdio,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::ring::{KEPT, Ring};
use crate::{
    Engine,
    container::{
        create::merge,
        life::{blocking, pump::Source},
    },
    error::EngineError,
    process::Process,
};

/// Pieces of output that a viewer may be behind.
const BEHIND: usize = 32;

/// A viewer that does not read stalls the terminal so long, and is then dropped.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long what is left may be printed once the shell has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

const HANGUP: i32 = 1;

/// Bash where there is one; `exec` leaves no process between.
const LOGIN: &str = "if command -v bash >/dev/null 2>&1; then exec bash -l; else exec sh -l; fi";

/// What a viewer is told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Output(Bytes),
    Ended(i32),
}

/// A terminal and its shell.
#[derive(Debug)]
pub(crate) struct Shell {
    process: Process,
    shown: Mutex<Shown>,
}

#[derive(Debug)]
struct Shown {
    ring: Ring,
    viewers: Vec<mpsc::Sender<Told>>,
}

impl Shell {
    /// Starts a login shell on the workstation.
    pub(super) async fn start(engine: &Engine, size: TermSize) -> Result<Arc<Self>, EngineError> {
        let mut process = ProcessSpec {
            args: ["/bin/sh", "-c", LOGIN].map(Into::into).into(),
            cwd: "/root".into(),
            tty: Some(size),
            ..engine.config.workstation.process.clone()
        };
        let own = ["TERM=xterm-256color", "HOME=/root"].map(str::to_owned);
        merge::overlay(&mut process.env, own.iter());
        let (launcher, workstation) = (engine.launcher.clone(), engine.workstation.clone());
        let spec = ExecSpec { process };
        let running = blocking(move || {
            launcher
                .exec(workstation.pidfd(), &spec, Stdio::default(), None)
                .map_err(EngineError::Exec)
        })
        .await?;
        let process = Process::adopt(running).map_err(EngineError::os("watch a shell"))?;
        let shown = Shown {
            ring: Ring::new(KEPT),
            viewers: Vec::new(),
        };
        let shell = Arc::new(Self {
            process,
            shown: Mutex::new(shown),
        });
        tokio::spawn(shell.clone().show());
        Ok(shell)
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries output to the ring and to the viewers until the shell has ended.
    async fn show(self: Arc<Self>) {
        let mut source = Source::Terminal(self.process.clone());
        let ended = async {
            self.process.wait().await;
            sleep(LAST_WORDS).await;
        };
        tokio::pin!(ended);
        loop {
            let piece = tokio::select! {
                piece = source.read() => piece,
                () = &mut ended => break,
            };
            match piece {
                Ok(bytes) if !bytes.is_empty() => self.tell(Told::Output(bytes)).await,
                _ => break,
            }
        }
        let code = self.process.wait().await.code();
        self.tell(Told::Ended(code)).await;
        self.lock().viewers.clear();
    }

    async fn tell(&self, told: Told) {
        let viewers = {
            let mut shown = self.lock();
            if let Told::Output(bytes) = &told {
                shown.ring.push(bytes);
            }
            shown.viewers.retain(|viewer| !viewer.is_closed());
            shown.viewers.clone()
        };
        for viewer in viewers {
            if timeout(PATIENCE, viewer.send(told.clone())).await.is_err() {
                self.lock()
                    .viewers
                    .retain(|other| !other.same_channel(&viewer));
            }
        }
    }

    /// The last output, and everything from now on, without a gap.
    pub(super) fn look(&self) -> (Bytes, mpsc::Receiver<Told>) {
        let (to, from) = mpsc::channel(BEHIND);
        let mut shown = self.lock();
        shown.viewers.push(to);
        (shown.ring.replay(), from)
    }

    /// Types.
    pub(super) async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match self.process.pty() {
            Some(pty) => pty.write_all(bytes).await,
            None => Ok(()),
        }
    }

    /// The window has another size.
    pub(super) fn resize(&self, size: TermSize) {
        if let Some(Err(error)) = self.process.pty().map(|pty| pty.resize(size)) {
            tracing::debug!(%error, "could not resize a terminal");
        }
    }

    /// The shell has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.process.ended().is_some()
    }

    /// Cuts the line.
    pub(super) fn hang_up(&self) {
        let _ = self.process.signal(HANGUP);
    }
}
