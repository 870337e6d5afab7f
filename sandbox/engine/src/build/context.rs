//! The build context: from the request's body to files, and the Dockerfile among them.

use std::{io, path::Path};

use axum::body::Body;
use bytes::Bytes;
use drydock_api::pieces::Pieces;
use drydock_dockerfile::{Dialect, DockerIgnore, Dockerfile, MAX_BYTES};
use http_body_util::BodyExt as _;
use rustix::fs::{AtFlags, unlinkat};
use tokio::sync::mpsc;

use super::{
    blocking, decompress,
    error::BuildError,
    request::BuildRequest,
    tree::{
        self,
        untar::{self, Limits, Owner},
    },
    workspace::Workspace,
};
use crate::{Engine, error::EngineError};

/// Pieces of the body between the connection and the thread that unpacks them.
const QUEUE: usize = 8;

/// Unpacks the context that `body` holds, compressed or not, into a new workspace.
///
/// # Errors
/// A body that is no tar archive, or one that is hostile or over the bounds.
pub(super) async fn receive(engine: &Engine, mut body: Body) -> Result<Workspace, EngineError> {
    let builds = engine.config.data.join("build");
    let (pieces, receiver) = mpsc::channel(QUEUE);
    let unpacking = tokio::spawn(blocking(move || {
        let workspace =
            Workspace::create(&builds).map_err(BuildError::os("make the build's directory"))?;
        // The meter is read while what filled it is there.
        unpack(&workspace, Pieces::new(receiver)).map_err(|error| error.with_meter(&builds))?;
        Ok(workspace)
    }));
    while let Some(frame) = body.frame().await {
        let piece = frame
            .map(|frame| frame.into_data().unwrap_or_default())
            .map_err(io::Error::other);
        let failed = piece.is_err();
        // Once the unpacking has ended, well or badly, the rest of the body is read and dropped.
        if pieces.send(piece).await.is_err() && failed {
            break;
        }
    }
    drop(pieces);
    unpacking.await.map_err(|error| EngineError::Os {
        action: "unpack the build context",
        source: io::Error::other(error),
    })?
}

/// Reads a body to its end, or for so long as a context could be.
pub(super) async fn discard(mut body: Body) {
    let mut left = usize::try_from(Limits::default().bytes).unwrap_or(usize::MAX);
    while let Some(Ok(frame)) = body.frame().await
        && left > 0
    {
        left = left.saturating_sub(frame.data_ref().map_or(1, Bytes::len));
    }
}

fn unpack(workspace: &Workspace, body: Pieces) -> Result<(), BuildError> {
    let failed = |source| {
        BuildError::Context(untar::UntarError::Os {
            name: "the archive".into(),
            source,
        })
    };
    let stream = decompress::plain(body).map_err(failed)?;
    // What the client's own user ids are is nothing to the image: files of a context are root's.
    untar::unpack(
        stream,
        workspace.context(),
        Owner::Fixed(0, 0),
        Limits::default(),
    )
    .map_err(BuildError::Context)
}

/// Reads and parses the Dockerfile; then takes it and `.dockerignore` out of the context if the latter says so.
///
/// # Errors
/// It is missing or wrong.
pub(super) fn dockerfile(
    workspace: &Workspace,
    request: &BuildRequest,
) -> Result<Dockerfile, BuildError> {
    let context = workspace.context();
    let read = |name: &str| tree::read(context, Path::new(name), MAX_BYTES as u64 + 1);
    let mut name = request.dockerfile.as_str();
    let mut text = read(name);
    if text.is_err() && name == "Dockerfile" {
        // Docker takes the lower-case spelling too.
        name = "dockerfile";
        text = read(name);
    }
    let text = text.map_err(|_| BuildError::NoDockerfile(request.dockerfile.clone()))?;
    let mut file = Dockerfile::parse_as(
        &String::from_utf8_lossy(&text),
        &request.dockerfile,
        Dialect::Classic,
    )?;
    if let Some(target) = &request.target {
        file = file.until(target)?;
    }
    if let Ok(rules) = read(".dockerignore")
        && let Ok(ignore) = DockerIgnore::parse(&String::from_utf8_lossy(&rules))
    {
        for path in [name, ".dockerignore"] {
            if ignore.matches(path) {
                // The client sends both whatever the rules say; a COPY must not see them.
                remove(workspace, path).map_err(BuildError::os("remove an ignored file"))?;
            }
        }
    }
    Ok(file)
}

fn remove(workspace: &Workspace, path: &str) -> io::Result<()> {
    let path = Path::new(path);
    let parent = path.parent().unwrap_or(Path::new(""));
    let dir = tree::open_dir(workspace.context(), parent)?;
    Ok(unlinkat(
        dir,
        path.file_name().unwrap_or_default(),
        AtFlags::empty(),
    )?)
}
