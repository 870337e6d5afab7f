//! `/networks`: the three that every engine has.

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, At};
use crate::{
    Engine,
    error::EngineError,
    filters::Filters,
    network::{self, Mode},
    wire::network::NetworkInfo,
};

type Answer<T> = Result<T, EngineError>;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ListQuery {
    filters: Option<String>,
}

pub(crate) async fn list(
    State(engine): State<Engine>,
    Asked(asked): Asked<ListQuery>,
) -> Answer<Json<Vec<NetworkInfo>>> {
    let filters = Filters::parse(asked.filters.as_deref(), network::FILTERS)?;
    Ok(Json(engine.networks.list(&filters)))
}

pub(crate) async fn inspect(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> Answer<Json<NetworkInfo>> {
    let mode = engine.networks.find(&id)?;
    Ok(Json(
        engine.networks.info(mode, &engine.containers.list(door)),
    ))
}

pub(crate) async fn create() -> EngineError {
    EngineError::Unsupported {
        what: "make networks (docker network create)".into(),
        next: "containers reach each other by address on the bridge: see docker inspect",
    }
}

pub(crate) async fn remove(State(engine): State<Engine>, Path(id): Path<String>) -> EngineError {
    match engine.networks.find(&id) {
        Ok(mode @ (Mode::Bridge | Mode::Host | Mode::None)) => EngineError::Forbidden(format!(
            "{} is a pre-defined network and cannot be removed",
            mode.name()
        )),
        Err(error) => error,
    }
}

pub(crate) async fn prune() -> Json<Value> {
    Json(json!({"NetworksDeleted": null}))
}
