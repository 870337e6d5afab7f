//! Every URL, one line each. The version was taken off before.
//!
//! An image's name may have slashes: those routes end in a wildcard and look at the last part themselves.

use axum::{
    Router,
    routing::{any, delete, get, post},
};

use crate::{
    Engine, builder,
    doors::Door,
    error::EngineError,
    routes::{
        absent, archive, build, containers, events, exec, images, limits, lives, logs, networks,
        registry, stats, streams, system, transfer, volumes, workstation,
    },
};

/// What is answered at `door`.
pub(crate) fn routes(door: Door) -> Router<Engine> {
    let docker = docker().merge(builder::routes());
    let routes = match door {
        Door::Learner => docker,
        Door::Control => docker.merge(control()),
    };
    routes
        .fallback(missing)
        .method_not_allowed_fallback(missing)
}

#[rustfmt::skip]
fn docker() -> Router<Engine> {
    Router::new()
        .route("/_ping", get(system::ping).head(system::ping))
        .route("/version", get(system::version))
        .route("/info", get(system::info))
        .route("/events", get(events::events))
        .route("/system/df", get(system::df))
        .route("/auth", post(registry::auth))

        .route("/containers/json", get(containers::list))
        .route("/containers/create", post(containers::create))
        .route("/containers/prune", post(lives::prune))
        .route("/containers/{id}", delete(lives::remove))
        .route("/containers/{id}/json", get(containers::inspect))
        .route("/containers/{id}/top", get(containers::top))
        .route("/containers/{id}/start", post(lives::start))
        .route("/containers/{id}/stop", post(lives::stop))
        .route("/containers/{id}/restart", post(lives::restart))
        .route("/containers/{id}/kill", post(lives::kill))
        .route("/containers/{id}/rename", post(containers::rename))
        .route("/containers/{id}/wait", post(lives::wait))
        .route("/containers/{id}/resize", post(containers::resize))
        .route("/containers/{id}/pause", post(limits::pause))
        .route("/containers/{id}/unpause", post(limits::unpause))
        .route("/containers/{id}/stats", get(stats::stats))
        .route("/containers/{id}/update", post(limits::update))
        .route("/containers/{id}/archive", get(archive::get).head(archive::head).put(archive::put))
        .route("/containers/{id}/export", get(archive::export))
        .route("/containers/{id}/changes", get(archive::changes))
        .route("/commit", post(transfer::commit))
        .route("/containers/{id}/logs", get(logs::logs))
        .route("/containers/{id}/attach", post(streams::attach))
        .route("/containers/{id}/attach/ws", get(streams::attach_websocket))
        .route("/containers/{id}/exec", post(exec::create))
        .route("/exec/{id}/start", post(exec::start))
        .route("/exec/{id}/resize", post(exec::resize))
        .route("/exec/{id}/json", get(exec::inspect))

        .route("/images/json", get(images::list))
        .route("/images/create", post(images::create))
        .route("/images/get", get(transfer::get))
        .route("/images/load", post(transfer::load))
        .route("/images/prune", post(images::prune))
        .route("/images/search", get(images::search))
        .route("/images/{*rest}", get(images::get).post(images::post).delete(images::delete))
        .route("/distribution/{*rest}", get(registry::distribution))
        .route("/build", post(build::build))
        .route("/build/prune", post(build::prune))

        .route("/volumes", get(volumes::list))
        .route("/volumes/create", post(volumes::create))
        .route("/volumes/prune", post(volumes::prune))
        .route("/volumes/{name}", get(volumes::inspect).put(absent::volume_update).delete(volumes::remove))

        .route("/networks", get(networks::list))
        .route("/networks/create", post(networks::create))
        .route("/networks/prune", post(networks::prune))
        .route("/networks/{id}", get(networks::inspect).delete(networks::remove))
        .route("/networks/{id}/connect", post(networks::connect))
        .route("/networks/{id}/disconnect", post(networks::connect))

        .route("/swarm", any(absent::swarm))
        .route("/swarm/init", any(absent::swarm_init))
        .route("/swarm/join", any(absent::swarm_init))
        .route("/swarm/leave", any(absent::swarm_leave))
        .route("/swarm/{*rest}", any(absent::swarm))
        .route("/services", any(absent::swarm))
        .route("/services/{*rest}", any(absent::swarm))
        .route("/tasks", any(absent::swarm))
        .route("/tasks/{*rest}", any(absent::swarm))
        .route("/nodes", any(absent::swarm))
        .route("/nodes/{*rest}", any(absent::swarm))
        .route("/secrets", any(absent::swarm))
        .route("/secrets/{*rest}", any(absent::swarm))
        .route("/configs", any(absent::swarm))
        .route("/configs/{*rest}", any(absent::swarm))
        .route("/plugins", get(absent::plugins))
        .route("/plugins/{*rest}", any(absent::plugin))
        .route("/session", post(absent::buildkit))
        .route("/grpc", post(absent::buildkit))
}

#[rustfmt::skip]
fn control() -> Router<Engine> {
    Router::new()
        .route("/drydock/v1/health", get(workstation::health))
        .route("/drydock/v1/shutdown", post(workstation::shutdown))
        .route("/drydock/v1/terminals/{name}", post(workstation::terminal))
        .route("/drydock/v1/errands", post(registry::errands))
        .route("/drydock/v1/errands/{id}/blobs/{digest}", get(registry::errand_blob))
        .route("/drydock/v1/files", get(workstation::read_files).put(workstation::write_files))
}

async fn missing() -> EngineError {
    EngineError::NoSuchPage
}
