//! bollard, the Rust client: every area of the API that it knows, against any daemon.

mod archives;
mod containers;
mod errors;
mod events;
mod images;
mod streams;
mod system;
mod volumes;

use std::future::Future;

use bollard::{
    API_DEFAULT_VERSION, Docker,
    container::LogOutput,
    errors::Error,
    models::{ContainerCreateBody, HostConfig},
    query_parameters::{
        CreateContainerOptions, RemoveContainerOptions, StartContainerOptions, WaitContainerOptions,
    },
};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use crate::harness::unique;

const IMAGE: &str = "busybox";

/// One area's tests, by name.
pub const AREAS: [&str; 8] = [
    "system",
    "images",
    "containers",
    "streams",
    "archives",
    "events",
    "volumes",
    "errors",
];

/// Shows all facts of one area; panics at the first that does not hold.
pub async fn show(area: &str, docker: Docker) {
    let desk = &Desk { docker };
    match area {
        "system" => system::all(desk).await,
        "images" => images::all(desk).await,
        "containers" => containers::all(desk).await,
        "streams" => streams::all(desk).await,
        "archives" => archives::all(desk).await,
        "events" => events::all(desk).await,
        "volumes" => volumes::all(desk).await,
        "errors" => errors::all(desk).await,
        other => panic!("no area {other}"),
    }
}

/// A client of the daemon at `socket`, of a version that both know; `each` sees every request.
pub async fn connect(
    socket: &str,
    each: impl Fn(&str, &str) + Send + Sync + 'static,
) -> Result<Docker, Error> {
    let docker = Docker::connect_with_unix(socket, 60, API_DEFAULT_VERSION)?;
    let docker = docker.with_request_modifier(move |request| {
        each(request.method().as_str(), request.uri().path());
        request
    });
    docker.negotiate_version().await
}

struct Desk {
    docker: Docker,
}

impl Desk {
    /// A created container; `shape` says what is special about it.
    async fn create(
        &self,
        command: &[&str],
        shape: impl FnOnce(&mut ContainerCreateBody),
    ) -> String {
        let mut body = ContainerCreateBody {
            image: Some(IMAGE.into()),
            cmd: Some(command.iter().map(ToString::to_string).collect()),
            host_config: Some(HostConfig::default()),
            ..Default::default()
        };
        shape(&mut body);
        let options = CreateContainerOptions {
            name: Some(unique("clients-bollard")),
            ..Default::default()
        };
        let made = self.docker.create_container(Some(options), body).await;
        made.unwrap().id
    }

    /// A running container.
    async fn start(&self, command: &[&str]) -> String {
        let id = self.create(command, |_| {}).await;
        self.go(&id).await;
        id
    }

    async fn go(&self, id: &str) {
        let started = self
            .docker
            .start_container(id, None::<StartContainerOptions>);
        started.await.unwrap();
    }

    /// The exit code.
    async fn wait(&self, id: &str) -> i64 {
        let ended = self
            .docker
            .wait_container(id, None::<WaitContainerOptions>)
            .next()
            .await;
        match ended.unwrap() {
            Ok(ended) => ended.status_code,
            Err(Error::DockerContainerWaitError { code, .. }) => code,
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs it to its end.
    async fn run(&self, command: &[&str]) -> String {
        let id = self.start(command).await;
        self.wait(&id).await;
        id
    }

    async fn remove(&self, id: &str) {
        let options = RemoveContainerOptions {
            force: true,
            v: true,
            ..Default::default()
        };
        self.docker
            .remove_container(id, Some(options))
            .await
            .unwrap();
    }
}

/// All of a stream.
async fn all<T>(stream: impl Stream<Item = Result<T, Error>>) -> Vec<T> {
    stream.try_collect().await.unwrap()
}

/// Both streams of an output.
async fn apart(stream: impl Stream<Item = Result<LogOutput, Error>>) -> (String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for piece in all(stream).await {
        match piece {
            LogOutput::StdErr { message } => err.extend(message),
            other => out.extend(other.into_bytes()),
        }
    }
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(out), text(err))
}

/// The status and the words of a refusal.
async fn refused<T>(answer: impl Future<Output = Result<T, Error>>) -> (u16, String) {
    match answer.await {
        Err(Error::DockerResponseServerError {
            status_code,
            message,
        }) => (status_code, message),
        Err(other) => panic!("not a refusal: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

/// A tar archive with these files.
fn tar_of(files: &[(&str, &str)]) -> bytes::Bytes {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, text.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().into()
}

/// The text of a file in a tar archive.
fn file_in(archive: &[u8], name: &str) -> Option<String> {
    let mut archive = tar::Archive::new(archive);
    let mut found = archive
        .entries()
        .unwrap()
        .map(Result::unwrap)
        .find(|entry| entry.path().unwrap().to_str() == Some(name))?;
    std::io::read_to_string(&mut found).ok()
}
