//! From a container to here.

use std::io;

use bytes::Bytes;
use drydock_api::{client::Body, pieces::Pieces};
use http::{Method, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::mpsc;

use super::{
    PathStat, archive_path, local,
    plan::{Source, Written, plan},
    progress::{self, Count},
    stat, unpack,
};
use crate::{
    docker::Docker,
    error::CliError,
    stream::{self, body::BodyReader},
    tty,
};

/// What is asked for.
#[derive(Debug)]
pub struct Copy<'a> {
    /// Which container.
    pub container: &'a str,
    /// There.
    pub path: &'a str,
    /// Here; `-` is a tar stream on standard output.
    pub target: &'a str,
    /// Copies what a link leads to.
    pub follow: bool,
    /// Tells nothing.
    pub quiet: bool,
}

impl Copy<'_> {
    /// Does it.
    ///
    /// # Errors
    /// In Docker's words.
    pub async fn run(&self, docker: &Docker) -> Result<(), CliError> {
        if self.target == "-" {
            let asked = self.asked(docker).await;
            let response = self.get(docker, &asked).await?;
            return stream::copy(BodyReader::new(response)).await;
        }
        let target = local::absolute(self.target)
            .map_err(|error| CliError::io("could not find the working directory", error))?;
        local::check_target(&target).map_err(CliError::failed)?;
        let asked = self.asked(docker).await;
        let response = self.get(docker, &asked).await?;
        let source = Source {
            name: Written::parse(self.path).base(),
            is_dir: PathStat::of(response.headers())?.is_dir(),
        };
        let there = local::target(&target).map_err(CliError::failed)?;
        let plan = plan(&source, &there).map_err(CliError::failed)?;
        let called = Written::parse(&asked).base();

        let count = Count::default();
        let pieces = receive(response, count.clone());
        let unpacking = tokio::task::spawn_blocking(move || unpack::unpack(pieces, &called, &plan));
        let done = if self.quiet {
            unpacking.await
        } else {
            progress::show("Copying from container - ", &count, unpacking).await?
        };
        done.map_err(|panic| CliError::failed(panic.to_string()))?
            .map_err(CliError::failed)?;
        if self.quiet {
            return Ok(());
        }
        tty::complain(&format!(
            "Successfully copied {} to {}",
            count.human(),
            target.text()
        ))
    }

    /// The path, or where its link leads.
    async fn asked(&self, docker: &Docker) -> String {
        if self.follow
            && let Ok(found) = stat(docker, self.container, self.path).await
            && found.is_link()
        {
            let mut end = Written::parse(&found.link_target);
            end.tail = Written::parse(self.path).tail;
            return end.text();
        }
        self.path.to_owned()
    }

    async fn get(&self, docker: &Docker, path: &str) -> Result<Response<Incoming>, CliError> {
        let path = archive_path(self.container, path);
        docker.request(Method::GET, &path, Body::empty()).await
    }
}

/// A response's body for a thread that blocks.
fn receive(response: Response<Incoming>, count: Count) -> Pieces {
    let (sender, receiver) = mpsc::channel(8);
    tokio::spawn(async move {
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let piece = frame.map(|frame| frame.into_data().unwrap_or_default());
            count.add(piece.as_ref().map_or(0, Bytes::len));
            if sender.send(piece.map_err(io::Error::other)).await.is_err() {
                return;
            }
        }
    });
    Pieces::new(receiver)
}
