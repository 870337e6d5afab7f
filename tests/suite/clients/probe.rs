//! Asks a sandbox for every operation, with the least that is well formed, and tells what it answered.

use std::os::unix::net::UnixStream;

use super::operations::Operation;
use crate::harness::PATIENCE;
use crate::harness::engine::{Daemon, TestEngine};
use crate::harness::http::{self, Answer};

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Done,
    /// Not here; the reason that a client is given.
    Refused(String),
    /// No such page: nobody has thought of it.
    Missing,
}

/// Asks for one operation, on objects that are made anew for it.
pub fn probe(engine: &TestEngine, operation: Operation) -> State {
    let prepared = Prepared::of(engine, operation);
    let stream = UnixStream::connect(engine.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut headers = vec![("content-type", prepared.content_type)];
    match operation.id {
        "ContainerAttachWebsocket" => headers.extend([
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]),
        "Session" => headers.extend([("connection", "Upgrade"), ("upgrade", "h2c")]),
        _ => {}
    }
    let asked = http::request(
        stream,
        operation.method,
        &prepared.path,
        &headers,
        &prepared.body,
    );
    state(&asked.unwrap_or_else(|error| panic!("{operation:?}: {error}")))
}

fn state(answer: &Answer) -> State {
    let text = answer.text();
    // A stream is answered before it is known how it ends.
    let failed = text.lines().find(|line| line.contains("\"errorDetail\""));
    let said: serde_json::Value = serde_json::from_str(failed.unwrap_or(&text)).unwrap_or_default();
    let word = |key: &str| said[key].as_str().map(str::to_owned);
    match answer.status {
        404 if text.contains("page not found") => State::Missing,
        100..=399 if failed.is_none() => State::Done,
        status => {
            let reason = word("message").or_else(|| word("error"));
            State::Refused(reason.unwrap_or_else(|| format!("status {status}")))
        }
    }
}

struct Prepared {
    path: String,
    body: Vec<u8>,
    content_type: &'static str,
}

const NAME: &str = "probe";

impl Prepared {
    fn of(engine: &TestEngine, operation: Operation) -> Self {
        let family = operation.path.split('/').nth(1).unwrap();
        let name = match family {
            "containers" | "commit" => container(engine, operation.id),
            "exec" => exec(engine, operation.id),
            "images" | "distribution" => image(engine, operation.id),
            "volumes" => volume(engine),
            "networks" => {
                container(engine, operation.id);
                "bridge".into()
            }
            _ => NAME.into(),
        };
        let path = operation
            .path
            .replace("{id}", &name)
            .replace("{name}", &name);
        let json = operation.method == "POST" || operation.method == "PUT";
        let (body, content_type) = match operation.id {
            "PutContainerArchive" | "ImageBuild" => (archive(), "application/x-tar"),
            "ImageLoad" => {
                let saved = engine.get("/images/get?names=busybox");
                (saved.body, "application/x-tar")
            }
            id if json => (body(id).as_bytes().to_vec(), "application/json"),
            _ => (Vec::new(), "application/json"),
        };
        Self {
            path: path + query(operation.id),
            body,
            content_type,
        }
    }
}

fn body(id: &str) -> &'static str {
    match id {
        "ContainerCreate" => r#"{"Image":"busybox","Cmd":["true"]}"#,
        "ExecStart" => r#"{"Detach":true,"Tty":true}"#,
        "ContainerExec" => r#"{"Cmd":["true"],"AttachStdout":true}"#,
        "ContainerUpdate" => r#"{"RestartPolicy":{"Name":"no"}}"#,
        "NetworkCreate" => r#"{"Name":"probe"}"#,
        "NetworkConnect" | "NetworkDisconnect" => r#"{"Container":"probe"}"#,
        "SystemAuth" => {
            r#"{"username":"probe","password":"probe","serveraddress":"localhost:5000"}"#
        }
        // Docker refuses a body here.
        "ContainerStart" => "",
        "PluginPull" | "PluginUpgrade" | "PluginSet" => "[]",
        _ => "{}",
    }
}

fn query(id: &str) -> &'static str {
    match id {
        "ContainerLogs" => "?stdout=1",
        "ContainerStats" => "?stream=0&one-shot=1",
        "ContainerResize" | "ExecResize" => "?h=24&w=80",
        "ContainerRename" => "?name=probe-renamed",
        "ContainerAttach" => "?logs=1&stdout=1",
        "ContainerAttachWebsocket" => "?stream=1&stdout=1",
        "ContainerArchiveInfo" | "ContainerArchive" => "?path=/etc/passwd",
        "PutContainerArchive" => "?path=/tmp",
        "ContainerStop" | "ContainerRestart" => "?t=0",
        "ImageBuild" => "?t=probe-built",
        "ImageCreate" => "?fromImage=busybox&tag=latest",
        "ImagePush" => "?tag=latest",
        "ImageTag" => "?repo=probe-tagged",
        "ImageSearch" => "?term=busybox",
        "ImageCommit" => "?container=probe&repo=probe-committed",
        "ImageGetAll" => "?names=busybox",
        "SystemEvents" => "?since=1&until=2",
        "NodeUpdate" | "SwarmUpdate" | "ServiceUpdate" | "SecretUpdate" | "ConfigUpdate"
        | "VolumeUpdate" => "?version=1",
        "ServiceLogs" | "TaskLogs" => "?stdout=1",
        "GetPluginPrivileges" | "PluginPull" | "PluginUpgrade" => "?remote=probe",
        "PluginCreate" => "?name=probe",
        "PluginEnable" => "?timeout=1",
        _ => "",
    }
}

/// A container in the state that the operation is for.
fn container(engine: &TestEngine, id: &str) -> String {
    for name in ["probe", "probe-renamed"] {
        engine.request("DELETE", &format!("/containers/{name}?force=1"), b"");
    }
    let shape = br#"{"Image":"busybox","Cmd":["sleep","600"],"Tty":true}"#;
    engine
        .request("POST", "/containers/create?name=probe", shape)
        .is(201);
    let verb = |verb: &str| engine.request("POST", &format!("/containers/{NAME}/{verb}"), b"");
    // A created one: waiting for it ends at once, and starting it is news.
    if !matches!(id, "ContainerWait" | "ContainerStart" | "ContainerDelete") {
        verb("start").is(204);
    }
    if id == "ContainerUnpause" {
        verb("pause");
    }
    NAME.into()
}

fn exec(engine: &TestEngine, id: &str) -> String {
    let container = container(engine, id);
    let shape = br#"{"Cmd":["sleep","600"],"AttachStdout":true,"Tty":true}"#;
    let made = engine.request("POST", &format!("/containers/{container}/exec"), shape);
    let exec = made.is(201).json()["Id"].as_str().unwrap().to_owned();
    if id == "ExecResize" {
        let start = format!("/exec/{exec}/start");
        engine
            .request("POST", &start, br#"{"Detach":true,"Tty":true}"#)
            .is(200);
    }
    exec
}

fn image(engine: &TestEngine, id: &str) -> String {
    match id {
        "ImageDelete" => {
            engine
                .request("POST", "/images/busybox/tag?repo=probe-deleted", b"")
                .is(201);
            "probe-deleted".into()
        }
        // In the registry on the workstation: a sandbox reaches no other by itself.
        "ImagePush" | "DistributionInspect" => {
            let name = "localhost:5000/probe";
            let tag = format!("/images/busybox/tag?repo={name}");
            engine.request("POST", &tag, b"").is(201);
            if id == "DistributionInspect" {
                let push = format!("/images/{name}/push?tag=latest");
                engine.request("POST", &push, b"").is(200);
            }
            name.into()
        }
        _ => "busybox".into(),
    }
}

fn volume(engine: &TestEngine) -> String {
    engine
        .request("POST", "/volumes/create", br#"{"Name":"probe"}"#)
        .is(201);
    NAME.into()
}

/// An archive of one Dockerfile.
fn archive() -> Vec<u8> {
    let text = "FROM busybox\n";
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, "Dockerfile", text.as_bytes())
        .unwrap();
    archive.into_inner().unwrap()
}
