//! `POST /build`.

use axum::{body::Body, extract::State, http::Request, response::Response};

use crate::{Engine, error::EngineError};

/// Builds an image from a context, streaming what it does.
pub(crate) async fn build(
    State(engine): State<Engine>,
    request: Request<Body>,
) -> Result<Response, EngineError> {
    let _ = (engine, request);
    Err(EngineError::NoSuchPage)
}

/// Frees what later builds could have reused.
pub(crate) async fn prune(State(engine): State<Engine>) -> Result<Response, EngineError> {
    let _ = engine;
    Err(EngineError::NoSuchPage)
}
