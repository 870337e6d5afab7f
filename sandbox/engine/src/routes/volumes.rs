//! `/volumes`.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Asked;
use crate::{
    Engine,
    container::life::{blocking, remove::users},
    error::EngineError,
    events::Event,
    filters::Filters,
    http::{body::Sent, query, version::ApiVersion},
    volume::{self, NewVolume, Volume, VolumeInfo},
};

type Answer<T> = Result<T, EngineError>;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ListQuery {
    filters: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct List {
    volumes: Vec<VolumeInfo>,
    warnings: Option<Vec<String>>,
}

pub(crate) async fn list(
    State(engine): State<Engine>,
    Asked(asked): Asked<ListQuery>,
) -> Answer<Json<List>> {
    let filters = Filters::parse(
        asked.filters.as_deref(),
        &["dangling", "driver", "label", "label!", "name"],
    )?;
    let dangling = filters.flag("dangling")?;
    let fits = |volume: &Volume| {
        filters.matches("name", &volume.name)
            && filters.any("driver", |driver| driver == "local")
            && filters.labels(volume.labels.as_ref())
            && dangling.is_none_or(|wanted| users(&engine, &volume.name).is_empty() == wanted)
    };
    let volumes = engine.volumes.list();
    let volumes = volumes
        .iter()
        .filter(|volume| fits(volume))
        .map(|volume| volume.info())
        .collect();
    Ok(Json(List {
        volumes,
        warnings: None,
    }))
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct CreateRequest {
    name: String,
    driver: String,
    driver_opts: Option<BTreeMap<String, String>>,
    labels: Option<BTreeMap<String, String>>,
}

pub(crate) async fn create(
    State(engine): State<Engine>,
    Sent(request): Sent<CreateRequest>,
) -> Answer<(StatusCode, Json<VolumeInfo>)> {
    if !matches!(request.driver.as_str(), "" | "local" | "default") {
        let error = EngineError::NoSuchVolumeDriver(request.driver);
        return Err(EngineError::VolumeDriver {
            name: request.name,
            reason: error.to_string(),
        });
    }
    options(&request.name, request.driver_opts.as_ref())?;
    let new = NewVolume {
        name: (!request.name.is_empty()).then_some(request.name),
        labels: request.labels,
        options: request.driver_opts,
    };
    let making = engine.clone();
    let (volume, made) = blocking(move || making.volumes.create(new)).await?;
    if made {
        tell(&engine, "create", &volume.name);
    }
    Ok((StatusCode::CREATED, Json(volume.info())))
}

/// What Docker's `local` driver takes would mount something of the host's; the rest it refuses itself.
fn options(name: &str, options: Option<&BTreeMap<String, String>>) -> Answer<()> {
    let Some(options) = options.filter(|options| !options.is_empty()) else {
        return Ok(());
    };
    let odd = |key: &&String| !matches!(key.as_str(), "type" | "device" | "o" | "size");
    let said = if let Some(odd) = options.keys().find(odd) {
        format!("invalid option: {odd:?}")
    } else if options.contains_key("size") {
        "quota size requested but no quota support".into()
    } else if !options.contains_key("device") {
        "missing required option: \"device\"".into()
    } else {
        return Err(volume::driver_options("device"));
    };
    Err(EngineError::Invalid(format!("create {name}: {said}")))
}

fn tell(engine: &Engine, action: &str, name: &str) {
    engine.events.tell(Event::new(
        "volume",
        action,
        name,
        [("driver".into(), "local".into())].into(),
    ));
}

pub(crate) async fn inspect(
    State(engine): State<Engine>,
    Path(name): Path<String>,
) -> Answer<Json<VolumeInfo>> {
    Ok(Json(engine.volumes.get(&name)?.info()))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct RemoveQuery {
    #[serde(deserialize_with = "query::flag")]
    force: bool,
}

pub(crate) async fn remove(
    State(engine): State<Engine>,
    Path(name): Path<String>,
    Asked(asked): Asked<RemoveQuery>,
) -> Answer<StatusCode> {
    match discard(&engine, &name).await {
        Err(EngineError::NoSuchVolume(_)) if asked.force => {}
        other => drop(other?),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a volume that nobody uses, and answers how many bytes that freed.
async fn discard(engine: &Engine, name: &str) -> Answer<u64> {
    engine.volumes.get(name)?;
    let users: Vec<_> = users(engine, name)
        .iter()
        .map(|container| container.id.to_string())
        .collect();
    if !users.is_empty() {
        let text = format!("remove {name}: volume is in use - [{}]", users.join(", "));
        return Err(EngineError::Conflict(text));
    }
    let (removing, owned) = (engine.clone(), name.to_owned());
    let bytes = blocking(move || removing.volumes.remove(&owned)).await?;
    tell(engine, "destroy", name);
    Ok(bytes)
}

/// Removes those without a name, or with `all` (and before 1.42) every one, that nobody uses.
pub(crate) async fn prune(
    State(engine): State<Engine>,
    Extension(api): Extension<ApiVersion>,
    Asked(asked): Asked<ListQuery>,
) -> Answer<Json<Value>> {
    let filters = Filters::parse(asked.filters.as_deref(), &["all", "label", "label!"])?;
    let all = filters.flag("all")?.unwrap_or(false) || api < ApiVersion(42);
    let (mut removed, mut bytes) = (Vec::new(), 0);
    for volume in engine.volumes.list() {
        let wanted = (all || volume.anonymous) && filters.labels(volume.labels.as_ref());
        if wanted && let Ok(freed) = discard(&engine, &volume.name).await {
            bytes += freed;
            removed.push(volume.name.clone());
        }
    }
    let attributes = [("reclaimed".into(), bytes.to_string())].into();
    engine
        .events
        .tell(Event::new("volume", "prune", "", attributes));
    Ok(Json(
        json!({"VolumesDeleted": removed, "SpaceReclaimed": bytes}),
    ))
}
