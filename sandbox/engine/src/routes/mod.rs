//! One file per noun. A route reads its request, calls a life, and words the answer.

pub(crate) mod absent;
pub(crate) mod archive;
pub(crate) mod build;
pub(crate) mod containers;
pub(crate) mod events;
pub(crate) mod exec;
pub(crate) mod images;
pub(crate) mod limits;
pub(crate) mod lives;
pub(crate) mod logs;
pub(crate) mod networks;
pub(crate) mod registry;
pub(crate) mod stats;
pub(crate) mod streams;
pub(crate) mod system;
pub(crate) mod transfer;
pub(crate) mod volumes;
pub(crate) mod workstation;

use std::sync::Arc;

use axum::{
    Extension,
    extract::{FromRequestParts, Query, rejection::QueryRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::{Engine, container::Container, doors::Door, error::EngineError, exec::Target};

/// Which door the request came through.
pub(crate) type At = Extension<Door>;

/// What the control door calls the machine the learner's shells live on.
const WORKSTATION: &str = "workstation";

/// The query, refused in the engine's own way.
pub(crate) struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = EngineError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, EngineError> {
        let query: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        query
            .map(|Query(asked)| Self(asked))
            .map_err(|error| EngineError::Invalid(error.body_text()))
    }
}

/// The container that is meant, or the workstation.
fn target(engine: &Engine, door: Door, reference: &str) -> Result<Target, EngineError> {
    if door == Door::Control && reference == WORKSTATION {
        return Ok(Target::Workstation);
    }
    Ok(Target::Container(find(engine, door, reference)?))
}

fn find(engine: &Engine, door: Door, reference: &str) -> Result<Arc<Container>, EngineError> {
    engine.containers.find(door, reference)
}
