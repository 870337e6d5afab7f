//! What the server needs besides the Docker API; only on the control socket.

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{Request, StatusCode},
    response::Response,
};
use drydock_api::VERSION;
use drydock_runtime::container::TermSize;
use drydock_spec::ContainerState;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Asked;
use crate::{
    Engine, clock,
    container::life::blocking,
    error::EngineError,
    http::hijack::{self, Wish},
    terminal,
};

mod files;
mod meter;

pub(crate) use files::{read_files, write_files};

/// The control protocol's version, which goes with the one in the sandbox's record: a server leaves records of
/// other versions alone, and their sandboxes to their idle time.
const PROTOCOL: u32 = 1;

type Answer<T> = Result<T, EngineError>;

pub(crate) async fn health(State(engine): State<Engine>) -> Answer<Json<Value>> {
    let idle = engine.activity.idle_for();
    let containers = engine.containers.all();
    let own = containers.iter().filter(|container| !container.hidden);
    let (mut running, mut total) = (0, 0);
    for container in own {
        total += 1;
        running += usize::from(container.status() == ContainerState::Running);
    }
    let uptime = Timestamp::now().duration_since(engine.started);
    let metered = engine.clone();
    let meter = blocking(move || meter::read(&metered.config.data)).await?;
    Ok(Json(json!({
        "protocol": PROTOCOL,
        "version": VERSION,
        "uptime_ms": uptime.as_millis(),
        "memory": {"used": meter.memory, "limit": engine.config.memory_limit.unwrap_or(0)},
        "disk": {
            "used": meter.disk_used, "limit": meter.disk_limit,
            "inodes_used": meter.inodes_used, "inodes_limit": meter.inodes_limit,
        },
        "pids": {"used": meter.processes, "limit": engine.config.pids_limit.unwrap_or(0)},
        "containers": {"running": running, "total": total},
        "terminals": engine.terminals.attached(),
        "last_activity_ms_ago": idle.as_millis() as u64,
    })))
}

/// What the Docker API says about the workstation, for clients that treat it as a container.
pub(super) fn inspect(engine: &Engine) -> Value {
    let process = &engine.config.workstation.process;
    json!({
        "Id": "workstation",
        "Name": "/workstation",
        "Created": clock::rfc3339(engine.started),
        "State": {
            "Status": "running", "Running": true, "Pid": engine.workstation.visible_pid(), "ExitCode": 0,
            "StartedAt": clock::rfc3339(engine.started),
        },
        "Config": {
            "Hostname": engine.config.workstation.hostname, "Env": process.env, "Cmd": process.args, "Tty": false,
            "Image": "",
        },
        "HostConfig": {"NetworkMode": "host"},
    })
}

pub(crate) async fn shutdown(State(engine): State<Engine>) -> StatusCode {
    engine.shutdown.cancel();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct TerminalQuery {
    cols: Option<u16>,
    rows: Option<u16>,
}

pub(crate) async fn terminal(
    State(engine): State<Engine>,
    Path(name): Path<String>,
    Asked(asked): Asked<TerminalQuery>,
    mut request: Request<Body>,
) -> Answer<Response> {
    let wish = Wish::take(&mut request);
    if !wish.is_upgrade() {
        return Err(EngineError::Invalid(
            "a terminal needs a raw connection: send Upgrade: tcp".into(),
        ));
    }
    let size = TermSize {
        cols: asked.cols.unwrap_or(80),
        rows: asked.rows.unwrap_or(24),
    };
    let shell = terminal::open(&engine, &name, size).await?;
    tokio::spawn(async move {
        match wish.connection().await {
            Ok(Some(raw)) => terminal::session::carry(engine, shell, raw).await,
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "a connection did not become raw"),
        }
    });
    Ok(hijack::switching(hijack::RAW_STREAM))
}
