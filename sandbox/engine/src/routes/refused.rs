//! What a sandbox cannot do with a container, and what to do instead.

use axum::{
    Extension,
    extract::{Path, State},
};

use super::{At, containers::unsupported, find};
use crate::{Engine, doors::Door, error::EngineError};

/// What cannot be done is refused after what does not exist, as at home.
async fn refuse(
    engine: &Engine,
    door: Door,
    id: &str,
    what: &str,
    next: &'static str,
) -> EngineError {
    find(engine, door, id).map_or_else(|missing| missing, |_| unsupported(what, next))
}

const NO_FREEZER: &str = "stop it and start it again instead";

pub(crate) async fn pause(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> EngineError {
    refuse(
        &engine,
        door,
        &id,
        "freeze containers (docker pause)",
        NO_FREEZER,
    )
    .await
}

pub(crate) async fn unpause(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> EngineError {
    refuse(
        &engine,
        door,
        &id,
        "freeze containers (docker unpause)",
        NO_FREEZER,
    )
    .await
}

pub(crate) async fn stats(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> EngineError {
    refuse(
        &engine,
        door,
        &id,
        "measure one container (docker stats)",
        "see docker top for its processes",
    )
    .await
}

pub(crate) async fn update(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> EngineError {
    refuse(
        &engine,
        door,
        &id,
        "change a container's limits (docker update)",
        "make it anew with docker run",
    )
    .await
}
