//! `/containers/{id}/start`, `stop`, `kill`, `wait`…: what changes a container's life.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use drydock_spec::ContainerState;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, At, containers::number, find};
use crate::{
    Engine,
    container::{
        self, files,
        life::{
            blocking,
            remove::RemoveOptions,
            stop::StopOptions,
            wait::{self, Condition},
        },
    },
    error::EngineError,
    events::Event,
    filters::Filters,
    http::{body, query, stream, version::ApiVersion},
    moment, signals,
};

type Answer<T> = Result<T, EngineError>;

pub(crate) async fn start(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    request: Body,
) -> Answer<StatusCode> {
    if !body::bytes(request, 1024)
        .await?
        .iter()
        .all(u8::is_ascii_whitespace)
    {
        return Err(EngineError::Invalid(
            "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24".into(),
        ));
    }
    container::life::start::start(&engine, &find(&engine, door, &id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct StopQuery {
    t: Option<String>,
    signal: Option<String>,
}

impl StopQuery {
    fn options(&self) -> Answer<StopOptions> {
        Ok(StopOptions {
            grace: self
                .t
                .as_ref()
                .filter(|t| !t.is_empty())
                .map(|t| number(t))
                .transpose()?,
            signal: self
                .signal
                .as_deref()
                .filter(|s| !s.is_empty())
                .map(signals::parse)
                .transpose()?,
        })
    }
}

pub(crate) async fn stop(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<StopQuery>,
) -> Answer<StatusCode> {
    container::life::stop::stop(&engine, &find(&engine, door, &id)?, asked.options()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn restart(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<StopQuery>,
) -> Answer<StatusCode> {
    container::life::stop::restart(&engine, &find(&engine, door, &id)?, asked.options()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn kill(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<StopQuery>,
) -> Answer<StatusCode> {
    let signal = match asked.signal.as_deref() {
        None | Some("") => 9,
        Some(name) => signals::parse(name)?,
    };
    let container = find(&engine, door, &id).map_err(|error| match error {
        EngineError::NoSuchContainer(_) => EngineError::CannotKill {
            container: id.clone(),
            reason: error.to_string(),
        },
        other => other,
    })?;
    if !signals::is_sendable(signal) {
        return Err(EngineError::Invalid(format!(
            "Cannot kill container: {id}: The linux daemon does not support signal {signal}"
        )));
    }
    container::life::stop::kill(&engine, &container, signal)?;
    if signal == 9 {
        container::life::stop::killed(&container).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct WaitQuery {
    condition: String,
}

/// The headers go out at once: the CLI waits for them before it starts the container.
pub(crate) async fn wait(
    State(engine): State<Engine>,
    Extension(door): At,
    Extension(api): Extension<ApiVersion>,
    Path(id): Path<String>,
    Asked(asked): Asked<WaitQuery>,
) -> Answer<Response> {
    let container = find(&engine, door, &id)?;
    let code = wait::wait(&container, Condition::parse(&asked.condition)?);
    let (sender, response) = stream::growing("application/json");
    // Left out since 1.42.
    let answer = move |code: i32| match api < ApiVersion(42) {
        true => json!({"Error": null, "StatusCode": code}),
        false => json!({"StatusCode": code}),
    };
    tokio::spawn(async move {
        tokio::select! {
            code = code => drop(sender.json_value(&answer(code)).await),
            () = sender.closed() => {}
        }
    });
    Ok(response)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct RemoveQuery {
    #[serde(deserialize_with = "query::flag")]
    force: bool,
    #[serde(deserialize_with = "query::flag")]
    v: bool,
    #[serde(deserialize_with = "query::flag")]
    link: bool,
}

pub(crate) async fn remove(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<RemoveQuery>,
) -> Answer<StatusCode> {
    let container = find(&engine, door, &id)?;
    if asked.link {
        // Links are not made here, so it can only be the container's own name.
        return Err(EngineError::Failed(
            "Conflict, cannot remove the default link name of the container".into(),
        ));
    }
    let options = RemoveOptions {
        force: asked.force,
        volumes: asked.v,
    };
    container::life::remove::remove(&engine, &container, options).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct PruneQuery {
    filters: Option<String>,
}

/// Removes all that do not run.
pub(crate) async fn prune(
    State(engine): State<Engine>,
    Extension(door): At,
    Asked(asked): Asked<PruneQuery>,
) -> Answer<Json<Value>> {
    let filters = Filters::parse(asked.filters.as_deref(), &["label", "label!", "until"])?;
    let until = filters
        .get("until")
        .next()
        .map(|text| moment::parse(text, Timestamp::now()))
        .transpose()
        .map_err(EngineError::Invalid)?;
    let (mut removed, mut bytes) = (Vec::new(), 0);
    for container in engine.containers.list(door) {
        let ended = matches!(
            container.status(),
            ContainerState::Created | ContainerState::Exited | ContainerState::Dead
        );
        let old = until.is_none_or(|until| container.created < until);
        // The server's own containers are not the learner's to prune, nor the other way round.
        if !ended
            || !old
            || container.hidden != (door == crate::doors::Door::Control)
            || !filters.labels(Some(&container.labels()))
        {
            continue;
        }
        let upper = files::upper(&container.dir);
        let size = blocking(move || Ok(files::bytes_under(&upper))).await?;
        if container::life::remove::remove(&engine, &container, RemoveOptions::default())
            .await
            .is_ok()
        {
            removed.push(container.id.to_string());
            bytes += size;
        }
    }
    let attributes = [("reclaimed".into(), bytes.to_string())].into();
    engine
        .events
        .tell(Event::new("container", "prune", "", attributes));
    let removed = (!removed.is_empty()).then_some(removed);
    Ok(Json(
        json!({"ContainersDeleted": removed, "SpaceReclaimed": bytes}),
    ))
}
