//! Every URL, one line each. The version was taken off before.

use axum::{Router, routing::post};

use crate::{Engine, doors::Door, routes::build};

/// What is answered at `door`.
pub(crate) fn routes(door: Door) -> Router<Engine> {
    let _ = door;
    Router::new()
        .route("/build", post(build::build))
        .route("/build/prune", post(build::prune))
}
