//! `/networks`: the three that every engine has.

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, At, containers::unsupported, find};
use crate::{
    Engine,
    error::EngineError,
    filters::Filters,
    http::body::Sent,
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

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct CreateRequest {
    name: String,
}

pub(crate) async fn create(Sent(request): Sent<CreateRequest>) -> EngineError {
    let name = request.name;
    if name.is_empty() {
        return EngineError::Invalid("invalid name: ".into());
    }
    if matches!(name.as_str(), "bridge" | "default" | "host" | "none") {
        // The blank at its end is Docker's.
        let words = format!("operation is not permitted on predefined {name} network ");
        return EngineError::Forbidden(words);
    }
    unsupported(
        "make networks (docker network create)",
        "containers reach each other by address on the bridge: see docker inspect",
    )
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct ConnectRequest {
    container: String,
}

/// `/networks/{id}/connect` and `/disconnect`.
pub(crate) async fn connect(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Sent(request): Sent<ConnectRequest>,
) -> EngineError {
    let known = find(&engine, door, &request.container).and_then(|_| engine.networks.find(&id));
    match known {
        Ok(_) => unsupported(
            "change a container's networks (docker network connect, disconnect)",
            "choose its network when it is made: docker run --network",
        ),
        Err(error) => error,
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
