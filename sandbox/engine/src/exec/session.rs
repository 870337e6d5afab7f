//! A client on an exec's streams. An exec has one client at most, from its start on.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use drydock_api::stdcopy::Stream;
use tokio::{io::AsyncWriteExt as _, net::unix::pipe, time::timeout};

use super::{
    Exec,
    launch::{self, Started},
};
use crate::{
    Engine,
    container::{detach_keys::DetachKeys, life::pump::Source},
    http::hijack::{Output, Reader},
    process::Process,
};

/// How long others that have inherited its pipes may go on after the process has ended; Docker's own patience.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// How long what a client sent before it hung up may take to be typed.
const LAST_INPUT: Duration = Duration::from_secs(5);

const HANGUP: i32 = 1;

/// How a session ended.
enum End {
    /// All output was carried.
    Finished,
    /// The client left the process to itself.
    Detached,
    /// The client has gone.
    HungUp,
}

/// Carries until the process has ended, or the client goes or detaches.
pub(crate) async fn carry(
    engine: &Engine,
    exec: Arc<Exec>,
    started: Started,
    keys: DetachKeys,
    mut output: Output,
    reader: Option<Reader>,
) {
    let Started {
        process,
        stdin,
        stdout,
        stderr,
    } = started;
    let tty = process.pty().is_some();
    let printing = print(&exec, &process, stdout, stderr, &mut output);
    let typing = type_in(&exec, &process, stdin, keys, reader);
    let end = tokio::select! {
        end = printing => end,
        end = typing => end,
    };
    match end {
        End::Finished => exec.ended().await,
        End::Detached => {
            launch::tell_plain(engine, &exec, "exec_detach");
            tokio::spawn(swallow(process));
        }
        // As when a terminal's line is cut. Without a terminal, its pipes have ended.
        End::HungUp if tty => drop(process.signal(HANGUP)),
        End::HungUp => {}
    }
}

async fn print(
    exec: &Exec,
    process: &Process,
    stdout: Option<pipe::Receiver>,
    stderr: Option<pipe::Receiver>,
    output: &mut Output,
) -> End {
    let mut sources = match process.pty() {
        Some(_) => [Some(Source::Terminal(process.clone())), None],
        None => [stdout.map(Source::Pipe), stderr.map(Source::Pipe)],
    };
    let framed = process.pty().is_none();
    let deadline = async {
        exec.ended().await;
        tokio::time::sleep(LEFT_BEHIND).await;
    };
    tokio::pin!(deadline);
    while sources.iter().any(Option::is_some) {
        let [first, second] = &mut sources;
        let (index, piece) = tokio::select! {
            piece = next(first) => (0, piece),
            piece = next(second) => (1, piece),
            () = &mut deadline => return End::Finished,
        };
        match piece {
            Some(bytes) => {
                let stream = if index == 0 {
                    Stream::Stdout
                } else {
                    Stream::Stderr
                };
                if output.send(framed, stream, bytes).await.is_err() {
                    return End::HungUp;
                }
            }
            None => sources[index] = None,
        }
    }
    End::Finished
}

/// The next piece, nothing at the end, and never anything of what has ended.
async fn next(source: &mut Option<Source>) -> Option<Bytes> {
    match source {
        Some(source) => source.read().await.ok().filter(|bytes| !bytes.is_empty()),
        None => std::future::pending().await,
    }
}

async fn type_in(
    exec: &Exec,
    process: &Process,
    mut stdin: Option<pipe::Sender>,
    mut keys: DetachKeys,
    reader: Option<Reader>,
) -> End {
    let Some(mut reader) = reader else {
        return std::future::pending().await;
    };
    let watcher = reader.watcher();
    let copying = async {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let typed = match reader.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(n) => &buffer[..n],
            };
            if let Some(pipe) = &mut stdin {
                // A process that no longer reads is no reason to stop listening.
                let _ = pipe.write_all(typed).await;
            } else if let Some(pty) = process.pty().filter(|_| exec.request.attach_stdin) {
                let (typed, detached) = keys.filter(typed);
                let _ = pty.write_all(&typed).await;
                if detached {
                    return End::Detached;
                }
            }
        }
        drop(stdin.take());
        End::HungUp
    };
    tokio::pin!(copying);
    let end = tokio::select! {
        end = &mut copying => end,
        () = watcher.hung_up() => timeout(LAST_INPUT, copying).await.unwrap_or(End::HungUp),
    };
    // The end of its input alone is no hang-up yet.
    if matches!(end, End::HungUp) {
        watcher.hung_up().await;
    }
    end
}

/// Keeps a terminal that nobody looks at from filling up.
pub(crate) async fn swallow(process: Process) {
    let mut source = Source::Terminal(process);
    while source.read().await.is_ok_and(|bytes| !bytes.is_empty()) {}
}
