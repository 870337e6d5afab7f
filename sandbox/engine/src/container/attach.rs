//! A client on a container's streams.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use drydock_api::stdcopy::Stream;
use tokio::{sync::mpsc, time::timeout};

use super::{
    Container,
    detach_keys::DetachKeys,
    log::{
        lines::{Lines, Selection},
        read::Source,
    },
    streams::Wants,
};
use crate::{
    Engine,
    http::hijack::{Output, Reader},
};

/// How long what a client sent before it hung up may take to be typed.
const LAST_INPUT: Duration = Duration::from_secs(5);

/// What a client wants.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AttachOptions {
    /// What was printed before.
    pub logs: bool,
    /// What is printed from now on.
    pub stream: bool,
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    /// With a header before each piece that says which stream it is of.
    pub framed: bool,
}

/// A client that is attached: nothing is lost from here on, even before its connection is raw.
#[derive(Debug)]
pub(crate) struct Attachment {
    engine: Engine,
    container: Arc<Container>,
    options: AttachOptions,
    keys: DetachKeys,
    live: Option<mpsc::Receiver<(Stream, Bytes)>>,
}

impl Attachment {
    pub(crate) fn new(
        engine: &Engine,
        container: Arc<Container>,
        options: AttachOptions,
        keys: DetachKeys,
    ) -> Self {
        let wants = Wants {
            stdout: options.stdout,
            stderr: options.stderr,
        };
        let live = options.stream.then(|| container.streams.listen(wants));
        engine.events.tell(container.event("attach", &[]));
        Self {
            engine: engine.clone(),
            container,
            options,
            keys,
            live,
        }
    }

    /// Carries until the run ends, or the client goes or detaches.
    pub(crate) async fn carry(self, mut output: Output, reader: Option<Reader>) {
        let framed = self.options.framed;
        if self.options.logs
            && replay(&self.container, self.options, framed, &mut output)
                .await
                .is_err()
        {
            return;
        }
        let Some(mut live) = self.live else { return };
        let printing = async {
            while let Some((stream, bytes)) = live.recv().await {
                if output.send(framed, stream, bytes).await.is_err() {
                    return;
                }
            }
        };
        let typing = type_in(&self.container, self.keys, reader, self.options.stdin);
        let detached = tokio::select! {
            () = printing => false,
            typed = typing => matches!(typed, Typed::Detached),
        };
        if detached {
            self.engine.events.tell(self.container.event("detach", &[]));
        }
    }
}

/// What was printed before, as far as the log has it.
async fn replay(
    container: &Container,
    options: AttachOptions,
    framed: bool,
    output: &mut Output,
) -> std::io::Result<()> {
    let wanted = Selection {
        stdout: options.stdout,
        stderr: options.stderr,
        ..Selection::default()
    };
    let (mut reader, mut lines) = (container.log.reader(), Lines::default());
    loop {
        let mut found = Vec::new();
        let more = reader.next(|record| {
            lines.feed(record, |line| {
                if wanted.wants(&line) {
                    found.push(line);
                }
            });
        })?;
        for line in found {
            let stream = if line.source == Source::Stderr {
                Stream::Stderr
            } else {
                Stream::Stdout
            };
            output.send(framed, stream, line.bytes.into()).await?;
        }
        if !more {
            return Ok(());
        }
    }
}

/// Types what the client sends; returns when it has gone, or has detached.
async fn type_in(
    container: &Container,
    mut keys: DetachKeys,
    reader: Option<Reader>,
    stdin: bool,
) -> Typed {
    let Some(mut reader) = reader else {
        return std::future::pending().await;
    };
    let watcher = reader.watcher();
    let tty = container.config.tty;
    let copying = async {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let n = match reader.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(n) => n,
            };
            if !stdin {
                continue;
            }
            let Some(input) = container.streams.input().await else {
                break;
            };
            let (typed, detached) = if tty {
                keys.filter(&buffer[..n])
            } else {
                (buffer[..n].to_vec(), false)
            };
            // A process that no longer reads is no reason to stop listening.
            let _ = input.write_all(&typed).await;
            if detached {
                return Typed::Detached;
            }
        }
        if stdin && container.config.stdin_once && !tty && container.streams.input().await.is_some()
        {
            container.streams.close_input();
        }
        Typed::All
    };
    tokio::pin!(copying);
    let typed = tokio::select! {
        typed = &mut copying => typed,
        () = watcher.hung_up() => timeout(LAST_INPUT, copying).await.unwrap_or(Typed::All),
    };
    if matches!(typed, Typed::All) {
        watcher.hung_up().await;
    }
    typed
}

/// What became of a client's input.
enum Typed {
    /// The client left with its detach keys.
    Detached,
    /// There is no more.
    All,
}
