//! `/drydock/v1/build…`: our own client's builds.

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::Request,
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use drydock_api::build::{BuildRequest, CacheRecord, ContextAnswer, ImageLayers, Manifest};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{build::Build, cache, report::Report};
use crate::{
    Engine,
    build::{cancel::Cancel, watch},
    container::life::blocking,
    error::EngineError,
    http::{body, carry, stream},
    image,
};

/// Bytes of a manifest: as many files as a context may have, with long names.
const MAX_MANIFEST: usize = 64 << 20;
/// Bytes of a request, with its secrets and its Dockerfile.
const MAX_REQUEST: usize = 16 << 20;

/// What is answered at both doors.
pub(crate) fn routes() -> Router<Engine> {
    Router::new()
        .route("/drydock/v1/build", post(build))
        .route("/drydock/v1/build/cache", get(records))
        .route("/drydock/v1/build/contexts", post(begin))
        .route("/drydock/v1/build/contexts/{id}", put(fill))
        .route("/drydock/v1/build/outputs/{token}", get(output))
        .route("/drydock/v1/images/{*name}", get(layers))
}

async fn read<T: serde::de::DeserializeOwned>(body: Body, limit: usize) -> Result<T, EngineError> {
    body::parse(&body::bytes(body, limit).await?)
}

async fn begin(
    State(engine): State<Engine>,
    request: Request<Body>,
) -> Result<Json<ContextAnswer>, EngineError> {
    let manifest: Manifest = read(request.into_body(), MAX_MANIFEST).await?;
    let answer = blocking(move || {
        let sizes: Vec<u64> = manifest.entries.iter().map(|entry| entry.size).collect();
        let parent = engine.config.data.join("contexts");
        let answer = engine.builder.contexts.begin(&parent, manifest)?;
        let bytes = answer
            .wanted
            .iter()
            .filter_map(|place| sizes.get(*place))
            .sum();
        if lacks_room(&engine, bytes) {
            cache::make_room(&engine, Timestamp::now());
        }
        Ok(answer)
    });
    answer.await.map(Json)
}

/// Whether so many bytes would not fit besides what is there.
fn lacks_room(engine: &Engine, bytes: u64) -> bool {
    rustix::fs::statvfs(&engine.config.data)
        .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < bytes)
}

async fn fill(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<Response, EngineError> {
    let permit = carry::permit().await?;
    let answer = carry::upload(permit, request.into_body(), move |archive| {
        let contexts = &engine.builder.contexts;
        let answer = match id.as_str() {
            "new" => contexts.unpack(&engine.config.data.join("contexts"), archive),
            id => contexts.fill(id, archive).map(|()| ContextAnswer {
                id: id.into(),
                wanted: Vec::new(),
            }),
        };
        answer.map_err(|error| with_meter(&engine, error))
    });
    Ok(Json(answer.await?).into_response())
}

/// A full disk is that and nothing else.
fn with_meter(engine: &Engine, error: EngineError) -> EngineError {
    match crate::build::Meter::full(&engine.config.data) {
        Some(meter) => super::error::Failure::Full(meter).into(),
        None => error,
    }
}

/// The answer grows while the build runs.
async fn build(
    State(engine): State<Engine>,
    request: Request<Body>,
) -> Result<Response, EngineError> {
    let request: BuildRequest = read(request.into_body(), MAX_REQUEST).await?;
    // Others wait until one of the running ones ends, or until their client leaves.
    let running = engine.builder.running.clone().acquire_owned().await;
    let running = running.map_err(|_| EngineError::Conflict("the sandbox ends".into()))?;
    let cancel = Cancel::new().map_err(EngineError::os("make an event counter"))?;
    let (sender, response) = stream::growing("application/json");
    let ended = CancellationToken::new();
    let guard = ended.clone().drop_guard();
    tokio::spawn(watch(engine.clone(), sender.clone(), cancel.clone(), ended));
    tokio::task::spawn_blocking(move || {
        let _guard = guard;
        let _running = running;
        let report = Report::new(sender);
        Build {
            engine: &engine,
            request: &request,
            report: &report,
            cancel: &cancel,
        }
        .run();
    });
    Ok(response)
}

async fn records(State(engine): State<Engine>) -> Result<Json<Vec<CacheRecord>>, EngineError> {
    blocking(move || Ok(cache::usage(&engine))).await.map(Json)
}

async fn output(
    State(engine): State<Engine>,
    Path(token): Path<String>,
) -> Result<Response, EngineError> {
    let ready = engine.builder.outputs.take(&token);
    let ready = ready.ok_or_else(|| EngineError::Invalid("no such build output".into()))?;
    let permit = carry::permit().await?;
    carry::download(permit, "application/x-tar", move |out| {
        ready.write(&engine, out)
    })
}

/// `/drydock/v1/images/NAME/layers`; a name may have slashes.
async fn layers(
    State(engine): State<Engine>,
    Path(path): Path<String>,
) -> Result<Json<ImageLayers>, EngineError> {
    let name = path
        .strip_suffix("/layers")
        .ok_or(EngineError::NoSuchPage)?
        .to_owned();
    blocking(move || image::layers::layers(&engine, &name))
        .await
        .map(Json)
}
