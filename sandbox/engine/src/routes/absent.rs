//! What other daemons have and a sandbox has not: swarms, plugins, BuildKit's sessions.
//! Each is answered as by a daemon that does without, so that clients can tell.

use axum::{
    Json,
    extract::Path,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use drydock_api::error::ErrorMessage;
use serde_json::{Value, json};

use super::containers::unsupported;
use crate::error::EngineError;

/// Swarm, services, tasks, nodes, secrets, configs: Docker's status for a daemon that manages no swarm.
pub(crate) async fn swarm() -> EngineError {
    EngineError::NoSwarm(
        "This node is not a swarm manager. A sandbox is a single machine: use docker run.",
    )
}

pub(crate) async fn swarm_leave() -> EngineError {
    EngineError::NoSwarm("This node is not part of a swarm")
}

pub(crate) async fn swarm_init() -> EngineError {
    unsupported(
        "be a node of a swarm (docker swarm init, join)",
        "it is a single machine: use docker run",
    )
}

/// `PUT /volumes/{name}`, since 1.42 and for a swarm's volumes only.
pub(crate) async fn volume_update() -> EngineError {
    EngineError::NoSwarm("volume update only valid for cluster volumes, but swarm is unavailable")
}

pub(crate) async fn plugins() -> Json<Value> {
    Json(json!([]))
}

/// `/plugins/…`: none can be installed, so none is found.
pub(crate) async fn plugin(method: Method, Path(rest): Path<String>) -> Response {
    let (name, what) = rest.rsplit_once('/').unwrap_or((&rest, ""));
    let install = matches!(rest.as_str(), "privileges" | "pull" | "create") || what == "upgrade";
    if install && method != Method::DELETE {
        return unsupported(
            "install plugins (docker plugin install)",
            "the local volume driver and the bridge network are built in",
        )
        .into_response();
    }
    let name = if method == Method::DELETE {
        &rest
    } else {
        name
    };
    let text = format!("plugin {name:?} not found");
    (StatusCode::NOT_FOUND, Json(ErrorMessage::new(text))).into_response()
}

/// `/session` and `/grpc`, by which BuildKit's clients speak.
pub(crate) async fn buildkit(headers: HeaderMap) -> EngineError {
    if !headers.contains_key(header::UPGRADE) {
        return EngineError::Invalid("no upgrade proto in request".into());
    }
    unsupported(
        "build with BuildKit",
        "use the classic builder: DOCKER_BUILDKIT=0 docker build",
    )
}
