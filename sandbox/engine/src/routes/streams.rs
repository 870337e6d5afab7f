//! `POST /containers/{id}/attach`.

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
        attach::{AttachOptions, Attachment},
        detach_keys::DetachKeys,
    },
    error::EngineError,
    http::{
        hijack::{self, Output, Wish},
        query, stream,
        version::ApiVersion,
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
    let options = AttachOptions {
        logs: asked.logs,
        stream: asked.stream,
        stdin: asked.stdin && container.config.open_stdin,
        stdout: asked.stdout,
        stderr: asked.stderr,
    };
    let content_type = content_type(api, container.config.tty);
    let attachment = Attachment::new(container.clone(), options, keys);
    engine.events.tell(container.event("attach", &[]));
    Ok(carry(
        Wish::take(&mut request),
        content_type,
        |output, reader| attachment.carry(output, reader),
    ))
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
            Ok(Some(raw)) => session(Output::Raw(raw.writer), Some(raw.reader)).await,
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "a connection did not become raw"),
        }
    });
    hijack::switching(content_type)
}
