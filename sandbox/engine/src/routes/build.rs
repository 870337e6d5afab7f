//! `POST /build`, `POST /build/prune`.

use axum::{
    Json,
    body::Body,
    extract::{RawQuery, State},
    http::Request,
    response::Response,
};
use serde_json::{Value, json};

use crate::{Engine, build, error::EngineError};

/// Builds an image from a context, streaming what it does.
pub(crate) async fn build(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
    request: Request<Body>,
) -> Result<Response, EngineError> {
    build::build(
        engine,
        query.as_deref().unwrap_or_default(),
        request.into_body(),
    )
    .await
}

/// Forgets what later builds could have reused.
pub(crate) async fn prune(State(engine): State<Engine>) -> Json<Value> {
    engine.builds.forget();
    Json(json!({ "CachesDeleted": null, "SpaceReclaimed": 0 }))
}
