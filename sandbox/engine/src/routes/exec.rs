//! `/containers/{id}/exec` and `/exec`.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    http::{Request, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use drydock_api::stdcopy::Stream;
use drydock_runtime::container::TermSize;
use drydock_spec::ContainerState;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Asked, At,
    containers::ResizeQuery,
    streams::{carry, content_type},
    target,
};
use crate::{
    Engine,
    container::detach_keys::DetachKeys,
    doors::Door,
    error::EngineError,
    exec::{Exec, ExecInfo, ExecRequest, Target, launch, session},
    http::{
        body::{self, Sent},
        hijack::Wish,
        version::ApiVersion,
    },
};

type Answer<T> = Result<T, EngineError>;

pub(crate) async fn create(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    // The body first, as in Docker: who sends one is still busy with it when its container is looked for.
    Sent(request): Sent<ExecRequest>,
) -> Answer<(StatusCode, Json<Value>)> {
    let target = target(&engine, door, &id)?;
    if request.cmd.is_empty() {
        return Err(EngineError::Invalid("No exec command specified".into()));
    }
    DetachKeys::parse(&request.detach_keys).map_err(|_| {
        EngineError::Invalid(format!(
            "Invalid escape keys ({}) provided",
            request.detach_keys
        ))
    })?;
    if let Target::Container(container) = &target {
        match container.status() {
            ContainerState::Running => {}
            ContainerState::Paused => {
                let text = format!("Container {id} is paused, unpause the container before exec");
                return Err(EngineError::Conflict(text));
            }
            ContainerState::Restarting => {
                let text = format!(
                    "Container {} is restarting, wait until the container is running",
                    container.id
                );
                return Err(EngineError::Conflict(text));
            }
            _ => return Err(EngineError::NotRunning(container.id.to_string())),
        }
    }
    let exec = engine.execs.create(target, request)?;
    launch::tell(&engine, &exec, "exec_create");
    Ok((
        StatusCode::CREATED,
        Json(json!({"Id": exec.id.to_string()})),
    ))
}

/// The exec of that id, if somebody at this door may see it.
fn find(engine: &Engine, door: Door, id: &str) -> Answer<std::sync::Arc<Exec>> {
    let exec = engine.execs.get(id)?;
    let seen = match &exec.target {
        Target::Container(container) => door == Door::Control || !container.hidden,
        Target::Workstation => door == Door::Control,
    };
    if seen {
        Ok(exec)
    } else {
        Err(EngineError::NoSuchExec(id.into()))
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct StartRequest {
    detach: bool,
    console_size: [u16; 2],
}

pub(crate) async fn start(
    State(engine): State<Engine>,
    Extension(door): At,
    Extension(api): Extension<ApiVersion>,
    Path(id): Path<String>,
    mut request: Request<Body>,
) -> Answer<Response> {
    let wish = Wish::take(&mut request);
    let options: StartRequest = body::json(body::checked(request)?).await?;
    let exec = find(&engine, door, &id)?;
    let keys = DetachKeys::parse(&exec.request.detach_keys)?;
    launch::claim(&exec)?;
    let [rows, cols] = options.console_size;
    let size = (rows > 0 && cols > 0).then_some(TermSize { cols, rows });

    if options.detach {
        let started = launch::start(&engine, &exec, false, size).await?;
        if started.process.pty().is_some() {
            tokio::spawn(session::swallow(started.process));
        }
        return Ok(StatusCode::OK.into_response());
    }
    let content_type = content_type(api, exec.request.tty);
    // Docker has answered before it starts the process: a failure is text on the stream.
    Ok(carry(
        wish,
        content_type,
        async move |mut output, reader| match launch::start(&engine, &exec, true, size).await {
            Ok(started) => session::carry(&engine, exec, started, keys, output, reader).await,
            Err(error) => {
                let text = Bytes::from(format!("{}\r\n", error.message()));
                let _ = output.send(!exec.request.tty, Stream::Stdout, text).await;
            }
        },
    ))
}

pub(crate) async fn inspect(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> Answer<Json<ExecInfo>> {
    Ok(Json(find(&engine, door, &id)?.info()))
}

pub(crate) async fn resize(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<ResizeQuery>,
) -> Answer<StatusCode> {
    let size = asked.size()?;
    let exec = find(&engine, door, &id)?;
    let process = exec.process().await.ok_or(EngineError::ExecNotRunning)?;
    if let Some(pty) = process.pty() {
        pty.resize(size)
            .map_err(EngineError::os("resize the terminal"))?;
    }
    Ok(StatusCode::OK)
}
