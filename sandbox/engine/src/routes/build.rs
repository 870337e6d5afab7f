//! `POST /build`, `POST /build/prune`.

use axum::{
    Json,
    body::Body,
    extract::{RawQuery, State},
    http::Request,
    response::Response,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    Engine, build,
    builder::{self, PruneRules},
    container::life::blocking,
    error::EngineError,
    filters::Filters,
    http::query::{is_true, pairs},
};

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
pub(crate) async fn prune(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, EngineError> {
    let rules = rules(query.as_deref().unwrap_or_default())?;
    blocking(move || {
        engine.builds.forget();
        let (deleted, freed) = builder::prune(&engine, &rules);
        let deleted = Some(deleted).filter(|deleted| !deleted.is_empty());
        Ok(Json(
            json!({ "CachesDeleted": deleted, "SpaceReclaimed": freed }),
        ))
    })
    .await
}

/// `all`, `keep-storage` and its newer names, `filters`.
fn rules(query: &str) -> Result<PruneRules, EngineError> {
    let mut rules = PruneRules::default();
    for (name, value) in pairs(query) {
        match name.as_str() {
            "all" => rules.all = is_true(&value),
            "keep-storage" | "reserved-space" | "max-used-space" => {
                let number = value.parse::<u64>();
                let wrong = |_| EngineError::Invalid(format!("invalid {name}: {value}"));
                rules.keep = rules.keep.max(number.map_err(wrong)?);
            }
            "filters" => {
                let known = [
                    "until",
                    "unused-for",
                    "id",
                    "type",
                    "description",
                    "inuse",
                    "parent",
                    "private",
                    "shared",
                ];
                let filters = Filters::parse(Some(&value), &known)?;
                for age in filters.get("until").chain(filters.get("unused-for")) {
                    let limit = age.parse::<SignedDuration>();
                    let wrong = |_| EngineError::Invalid(format!("invalid duration {age:?}"));
                    rules.unused_for = Some(limit.map_err(wrong)?);
                }
                rules.ids = filters.get("id").map(Into::into).collect();
                rules.kinds = filters.get("type").map(Into::into).collect();
            }
            _ => {}
        }
    }
    Ok(rules)
}
