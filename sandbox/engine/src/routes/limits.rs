//! What a container may use, and whether it may run at all just now: `pause`, `unpause`, `update`.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::{At, find};
use crate::{
    Engine,
    container::life::{pause, update},
    error::EngineError,
    http::body::Sent,
    wire::HostConfig,
};

type Answer<T> = Result<T, EngineError>;

pub(crate) async fn pause(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    pause::pause(&engine, &find(&engine, door, &id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn unpause(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    pause::unpause(&engine, &find(&engine, door, &id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body has the fields of `HostConfig` that can be changed; others are ignored, as Docker does.
pub(crate) async fn update(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Sent(asked): Sent<HostConfig>,
) -> Answer<Json<Value>> {
    let warnings = update::update(&engine, &find(&engine, door, &id)?, asked).await?;
    let warnings = (!warnings.is_empty()).then_some(warnings);
    Ok(Json(json!({"Warnings": warnings})))
}
