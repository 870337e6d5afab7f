//! What `--output` asked for, from the engine to where it goes.

use std::{
    fs, io,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use drydock_api::{build::OutputKind, client::Body, pieces::Pieces};
use http::{Method, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::{
    io::{AsyncRead, ReadBuf},
    sync::mpsc,
};

use super::{
    Line,
    output::{Destination, Export},
    own::{Slot, Step},
    send::Sent,
    upload::watched,
};
use crate::{
    copy::{OutputFile, plan::Plan, unpack},
    docker::segment,
    error::CliError,
    stream::{self, body::BodyReader},
};

/// Pieces of a response that wait for the disk.
const DEPTH: usize = 8;

/// Fetches each of them; `tokens` are those of the exports that come here, in their order.
///
/// # Errors
/// When one cannot be fetched or written.
pub async fn all(line: &Line, exports: &[Export], tokens: &[String]) -> Result<(), CliError> {
    let here = exports
        .iter()
        .filter_map(|export| Some((export.output.kind, export.destination.as_ref()?)));
    let mut tokens = tokens.iter();
    for (kind, destination) in here {
        let Some(token) = tokens.next() else {
            return Err(CliError::failed(
                "failed to solve: the engine has nothing for an output that was asked for",
            ));
        };
        one(line, kind, destination, token).await?;
    }
    Ok(())
}

async fn one(
    line: &Line,
    kind: OutputKind,
    destination: &Destination,
    token: &str,
) -> Result<(), CliError> {
    let (name, part) = match (kind, destination) {
        (OutputKind::Local, _) => ("exporting to client directory", "copying files"),
        (OutputKind::Tar, _) => ("exporting to client tarball", "sending tarball"),
        (OutputKind::Oci, _) => ("sending oci image", "sending tarball"),
        _ => ("sending docker image", "sending tarball"),
    };
    let (mut step, begun) = Step::begin(name);
    line.tell(Slot::Now, begun).await;
    let sent = Sent::default();
    let work = fetched(line, destination, token, &sent);
    let outcome = watched(line, &mut step, part, &sent, work).await;
    line.tell(Slot::Now, step.part_done(part, sent.bytes()))
        .await;
    let words = outcome.as_ref().err().map(ToString::to_string);
    line.tell(Slot::Now, step.end(&words.unwrap_or_default()))
        .await;
    outcome
}

async fn fetched(
    line: &Line,
    destination: &Destination,
    token: &str,
    sent: &Sent,
) -> Result<(), CliError> {
    let path = format!("/drydock/v1/build/outputs/{}", segment(token));
    let get = line.docker.request(Method::GET, &path, Body::empty());
    match destination {
        Destination::Stdout => {
            let reader = Counting {
                inner: BodyReader::new(get.await?),
                sent: sent.clone(),
            };
            stream::copy(reader).await
        }
        Destination::File(file) => {
            let output = OutputFile::check(file).map_err(CliError::failed)?;
            let reader = Counting {
                inner: BodyReader::new(get.await?),
                sent: sent.clone(),
            };
            output.fill(reader).await
        }
        Destination::Directory(path) => {
            let failed = |source| CliError::io(format!("mkdir {path}"), source);
            fs::create_dir_all(path).map_err(failed)?;
            let root: PathBuf = fs::canonicalize(path).map_err(failed)?;
            let plan = Plan {
                dir: root.to_string_lossy().into_owned(),
                name: "/".into(),
            };
            let pieces = receive(get.await?, sent.clone());
            tokio::task::spawn_blocking(move || unpack::unpack(pieces, "/", &plan))
                .await
                .map_err(|panic| CliError::failed(panic.to_string()))?
                .map_err(CliError::failed)
        }
    }
}

/// A response's body for a thread that blocks.
fn receive(response: Response<Incoming>, sent: Sent) -> Pieces {
    let (sender, receiver) = mpsc::channel(DEPTH);
    tokio::spawn(async move {
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let piece = frame.map(|frame| frame.into_data().unwrap_or_default());
            sent.add(piece.as_ref().map_or(0, Bytes::len) as u64);
            if sender.send(piece.map_err(io::Error::other)).await.is_err() {
                return;
            }
        }
    });
    Pieces::new(receiver)
}

/// Counts what is read.
struct Counting {
    inner: BodyReader,
    sent: Sent,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.sent.add((buf.filled().len() - before) as u64);
        poll
    }
}
