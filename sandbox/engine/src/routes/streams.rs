//! `POST /containers/{id}/attach`, and the same over a websocket.

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::Request,
    response::Response,
};
use drydock_spec::ContainerState;
use serde::Deserialize;

use super::{Asked, At, find};
use crate::{
    Engine,
    container::{
        Container,
        attach::{AttachOptions, Attachment},
        detach_keys::DetachKeys,
    },
    error::EngineError,
    http::{
        hijack::{self, Output, RawOutput, Wish},
        query, stream,
        version::ApiVersion,
        websocket::Handshake,
    },
};

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AttachQuery {
    #[serde(deserialize_with = "query::flag")]
    logs: bool,
    #[serde(deserialize_with = "query::flag")]
    stream: bool,
    #[serde(deserialize_with = "query::flag")]
    stdin: bool,
    #[serde(deserialize_with = "query::flag")]
    stdout: bool,
    #[serde(deserialize_with = "query::flag")]
    stderr: bool,
    detach_keys: String,
}

impl AttachQuery {
    /// What is asked for, once the container is found fit for it.
    fn options(&self, container: &Container) -> Result<AttachOptions, EngineError> {
        let unfit = match container.status() {
            ContainerState::Paused => "container {} is paused, unpause the container before attach",
            ContainerState::Restarting => {
                "container {} is restarting, wait until the container is running"
            }
            _ => "",
        };
        if !unfit.is_empty() {
            let text = unfit.replace("{}", container.id.as_str());
            return Err(EngineError::Conflict(text));
        }
        Ok(AttachOptions {
            logs: self.logs,
            stream: self.stream,
            stdin: self.stdin && container.config.open_stdin,
            stdout: self.stdout,
            stderr: self.stderr,
            framed: !container.config.tty,
        })
    }
}

pub(crate) async fn attach(
    State(engine): State<Engine>,
    Extension(door): At,
    Extension(api): Extension<ApiVersion>,
    Path(id): Path<String>,
    Asked(asked): Asked<AttachQuery>,
    mut request: Request<Body>,
) -> Result<Response, EngineError> {
    let container = find(&engine, door, &id)?;
    let keys = DetachKeys::parse(&asked.detach_keys)?;
    let options = asked.options(&container)?;
    let content_type = content_type(api, container.config.tty);
    let attachment = Attachment::new(&engine, container, options, keys);
    Ok(carry(
        Wish::take(&mut request),
        content_type,
        |output, reader| attachment.carry(output, reader),
    ))
}

/// `GET /containers/{id}/attach/ws`: both outputs come in the same messages, without frames of their own.
pub(crate) async fn attach_websocket(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<AttachQuery>,
    mut request: Request<Body>,
) -> Result<Response, EngineError> {
    let container = find(&engine, door, &id)?;
    let keys = DetachKeys::parse(&asked.detach_keys)?;
    let options = AttachOptions {
        framed: false,
        ..asked.options(&container)?
    };
    let handshake = Handshake::take(&mut request)?;
    let answer = handshake.answer();
    let attachment = Attachment::new(&engine, container, options, keys);
    tokio::spawn(async move {
        match handshake.connection().await {
            Ok(raw) => {
                attachment
                    .carry(Output::Raw(RawOutput::new(raw.writer)), Some(raw.reader))
                    .await
            }
            Err(error) => tracing::debug!(%error, "a connection did not become a websocket"),
        }
    });
    Ok(answer)
}

/// Since 1.42 the answer says whether the stream has frames.
pub(super) fn content_type(api: ApiVersion, tty: bool) -> &'static str {
    if tty || api < ApiVersion(42) {
        hijack::RAW_STREAM
    } else {
        hijack::MULTIPLEXED_STREAM
    }
}

/// Answers with a raw connection where one was asked for, else with a growing body, and lets `session` fill it.
pub(super) fn carry<S: Future<Output = ()> + Send + 'static>(
    wish: Wish,
    content_type: &'static str,
    session: impl FnOnce(Output, Option<hijack::Reader>) -> S + Send + 'static,
) -> Response {
    if !wish.is_upgrade() {
        let (sender, response) = stream::growing(content_type);
        tokio::spawn(async move {
            let gone = sender.clone();
            tokio::select! {
                () = session(Output::Body(sender), None) => {}
                () = gone.closed() => {}
            }
        });
        return response;
    }
    tokio::spawn(async move {
        match wish.connection().await {
            Ok(Some(raw)) => {
                session(Output::Raw(RawOutput::new(raw.writer)), Some(raw.reader)).await;
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "a connection did not become raw"),
        }
    });
    hijack::switching(content_type)
}
