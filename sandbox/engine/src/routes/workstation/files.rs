//! Files of the workstation, as tar streams. `tar` runs on the workstation, as the learner's own would: the engine
//! never walks a learner's tree.

use std::time::Duration;

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tokio::{io::AsyncWriteExt as _, net::unix::pipe, time::timeout};

use super::super::Asked;
use crate::{
    Engine,
    container::life::pump::Source,
    error::EngineError,
    exec::{ExecRequest, Target, launch},
    http::stream,
    process::Process,
};

/// Bytes of a stream, either way.
const MOST: usize = 32 << 20;

const PATIENCE: Duration = Duration::from_secs(30);

const KILL: i32 = 9;

/// What the script answers when nothing is at the path.
const MISSING: i32 = 44;

type Answer<T> = Result<T, EngineError>;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct FilesQuery {
    path: String,
}

/// Ended when it is dropped, so that a client that hangs up leaves nothing behind.
struct Guard(Process);

impl Drop for Guard {
    fn drop(&mut self) {
        if self.0.ended().is_none() {
            let _ = self.0.signal(KILL);
        }
    }
}

async fn run(engine: &Engine, script: &str, path: &str, reads: bool) -> Answer<launch::Started> {
    if !path.starts_with('/') {
        return Err(EngineError::Invalid(format!(
            "the path {path:?} must be absolute"
        )));
    }
    let request = ExecRequest {
        cmd: ["/bin/sh", "-c", script, "sh", path].map(Into::into).into(),
        attach_stdin: reads,
        attach_stdout: !reads,
        attach_stderr: true,
        ..ExecRequest::default()
    };
    let exec = engine.execs.create(Target::Workstation, request)?;
    launch::claim(&exec)?;
    launch::start(engine, &exec, true, None).await
}

/// Unpacks a tar stream under a directory, which is made when missing.
pub(crate) async fn write_files(
    State(engine): State<Engine>,
    Asked(asked): Asked<FilesQuery>,
    body: Body,
) -> Answer<StatusCode> {
    let started = run(
        &engine,
        r#"mkdir -p "$1" && exec tar -x -f - -C "$1""#,
        &asked.path,
        true,
    )
    .await?;
    let guard = Guard(started.process.clone());
    let (stdin, stderr) = (started.stdin, started.stderr);
    let work = async {
        let (fed, said) = tokio::join!(feed(stdin, body), text(stderr));
        fed?;
        let code = guard.0.wait().await.code();
        if code == 0 {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(EngineError::Invalid(said))
        }
    };
    timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        Err(EngineError::Conflict(
            "the workstation did not take the files in time".into(),
        ))
    })
}

async fn feed(stdin: Option<pipe::Sender>, mut body: Body) -> Answer<()> {
    let Some(mut stdin) = stdin else {
        return Ok(());
    };
    let mut left = MOST;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| EngineError::Invalid(error.to_string()))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        left = left
            .checked_sub(bytes.len())
            .ok_or(EngineError::BodyTooLarge(MOST))?;
        // tar stops reading at the end of its archive, or says on stderr what is wrong.
        if stdin.write_all(&bytes).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The first words of what was said, in one line.
async fn text(stderr: Option<pipe::Receiver>) -> String {
    let Some(stderr) = stderr else {
        return String::new();
    };
    let (mut source, mut said) = (Source::Pipe(stderr), Vec::new());
    while let Ok(bytes) = source.read().await {
        if bytes.is_empty() {
            break;
        }
        let room = 1024_usize.saturating_sub(said.len()).min(bytes.len());
        said.extend_from_slice(&bytes[..room]);
    }
    String::from_utf8_lossy(&said).trim().replace('\n', "; ")
}

/// A file or directory as a tar stream, named as at its place.
pub(crate) async fn read_files(
    State(engine): State<Engine>,
    Asked(asked): Asked<FilesQuery>,
) -> Answer<Response> {
    const SCRIPT: &str = r#"[ -e "$1" ] || [ -L "$1" ] || exit 44
        exec tar -c -f - -C "$(dirname "$1")" "$(basename "$1")""#;
    let started = run(&engine, SCRIPT, &asked.path, false).await?;
    let guard = Guard(started.process.clone());
    let Some(stdout) = started.stdout else {
        return Err(EngineError::NoSuchPage);
    };
    let mut source = Source::Pipe(stdout);
    let first = timeout(PATIENCE, source.read())
        .await
        .ok()
        .and_then(Result::ok)
        .unwrap_or_default();
    if first.is_empty() {
        let said = text(started.stderr).await;
        return Err(match guard.0.wait().await.code() {
            MISSING => EngineError::NoSuchFile {
                path: asked.path,
                container: "workstation".into(),
            },
            _ => EngineError::Invalid(said),
        });
    }
    let (sender, response) = stream::growing("application/x-tar");
    tokio::spawn(async move {
        let guard = guard;
        let _ = timeout(PATIENCE, send(source, first, &sender)).await;
        drop(guard);
    });
    Ok(response)
}

async fn send(
    mut source: Source,
    first: Bytes,
    sender: &stream::Sender,
) -> Result<(), stream::Gone> {
    let mut left = MOST;
    let mut next = first;
    while !next.is_empty() {
        // What is too long is cut; a reader of tar notices.
        let Some(rest) = left.checked_sub(next.len()) else {
            return Ok(());
        };
        left = rest;
        sender.bytes(next).await?;
        next = source.read().await.unwrap_or_default();
    }
    Ok(())
}
