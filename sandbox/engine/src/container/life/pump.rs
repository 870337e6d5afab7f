//! Output, from the process to the log and to everybody attached.

use std::{io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use drydock_api::stdcopy::Stream;
use tokio::{net::unix::pipe, task::JoinSet, time::timeout};

use crate::{container::Container, process::Process};

/// Bytes of one read.
pub(crate) const CHUNK: usize = 64 << 10;

/// Bytes of one read of a terminal.
const TERMINAL_CHUNK: usize = 32 << 10;

/// How long what is left in the pipes may take to reach a slow client once the process has ended.
const DRAIN: Duration = Duration::from_secs(10);

/// The tasks that carry one run's output.
#[derive(Debug)]
pub(crate) struct Pumps(JoinSet<()>);

impl Pumps {
    /// Begins to carry.
    pub(crate) fn start(
        container: &Arc<Container>,
        process: &Process,
        stdout: Option<pipe::Receiver>,
        stderr: Option<pipe::Receiver>,
    ) -> Self {
        let mut tasks = JoinSet::new();
        if process.pty().is_some() {
            tasks.spawn(carry(
                container.clone(),
                Stream::Stdout,
                Source::Terminal(process.clone()),
            ));
        }
        for (stream, pipe) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
            if let Some(pipe) = pipe {
                tasks.spawn(carry(container.clone(), stream, Source::Pipe(pipe)));
            }
        }
        Self(tasks)
    }

    /// Waits until all output has been carried, within limits.
    pub(crate) async fn drain(mut self) {
        let all = async { while self.0.join_next().await.is_some() {} };
        if timeout(DRAIN, all).await.is_err() {
            tracing::debug!("a client was too slow for the last output");
        }
    }
}

async fn carry(container: Arc<Container>, stream: Stream, mut source: Source) {
    loop {
        match source.read().await {
            Ok(bytes) if bytes.is_empty() => return,
            Ok(bytes) => {
                container.log.append(stream, &bytes);
                container.streams.publish(stream, bytes).await;
            }
            Err(error) => {
                tracing::debug!(%error, "output ended");
                return;
            }
        }
    }
}

/// Where output comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Pipe(pipe::Receiver),
    Terminal(Process),
}

impl Source {
    /// The next piece; an empty one is the end. Nothing is kept while there is nothing to read.
    pub(crate) async fn read(&mut self) -> io::Result<Bytes> {
        loop {
            match self {
                Self::Pipe(pipe) => {
                    pipe.readable().await?;
                    let mut buffer = BytesMut::with_capacity(CHUNK);
                    match pipe.try_read_buf(&mut buffer) {
                        Ok(_) => return Ok(fit(buffer)),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error),
                    }
                }
                Self::Terminal(process) => {
                    let Some(pty) = process.pty() else {
                        return Ok(Bytes::new());
                    };
                    pty.readable().await?;
                    let mut buffer = BytesMut::zeroed(TERMINAL_CHUNK);
                    let n = pty.read(&mut buffer).await?;
                    buffer.truncate(n);
                    return Ok(fit(buffer));
                }
            }
        }
    }
}

/// A small piece must not keep a big buffer alive in a queue.
fn fit(buffer: BytesMut) -> Bytes {
    if buffer.len() < buffer.capacity() / 2 {
        Bytes::copy_from_slice(&buffer)
    } else {
        buffer.freeze()
    }
}
