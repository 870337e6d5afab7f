//! `/_ping`, `/version`, `/info`, `/events`, `/system/df`.

use std::path::Path;

use axum::{
    Extension, Json,
    extract::State,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use drydock_api::{API_VERSION, MIN_API_VERSION, VERSION};
use drydock_image::config::host_architecture;
use drydock_spec::ContainerState;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::{Asked, At, images};
use crate::{
    Engine, clock,
    container::{
        life::{blocking, remove::users},
        summary::{self, ListOptions},
    },
    doors::Door,
    error::EngineError,
    events::{self, Event},
    filters::Filters,
    http::stream,
};

type Answer<T> = Result<T, EngineError>;

pub(crate) async fn ping(method: Method) -> Response {
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/plain; charset=utf-8"),
        (
            header::CACHE_CONTROL.as_str(),
            "no-cache, no-store, must-revalidate",
        ),
        (header::PRAGMA.as_str(), "no-cache"),
        ("Builder-Version", "1"),
        ("Swarm", "inactive"),
    ];
    let body = if method == Method::HEAD { "" } else { "OK" };
    (StatusCode::OK, headers, body).into_response()
}

fn kernel() -> String {
    rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned()
}

pub(crate) async fn version() -> Json<Value> {
    let details = json!({
        "ApiVersion": API_VERSION, "Arch": host_architecture(), "BuildTime": "", "Experimental": "false",
        "GitCommit": "", "GoVersion": "", "KernelVersion": kernel(), "MinAPIVersion": MIN_API_VERSION, "Os": "linux",
    });
    Json(json!({
        "Platform": {"Name": "Drydock sandbox"},
        "Components": [{"Name": "Engine", "Version": VERSION, "Details": details}],
        "Version": VERSION,
        "ApiVersion": API_VERSION,
        "MinAPIVersion": MIN_API_VERSION,
        "GitCommit": "",
        "GoVersion": "",
        "Os": "linux",
        "Arch": host_architecture(),
        "KernelVersion": kernel(),
        "BuildTime": "",
    }))
}

pub(crate) async fn info(State(engine): State<Engine>, Extension(door): At) -> Answer<Json<Value>> {
    let counting = engine.clone();
    let images = blocking(move || {
        Ok(counting
            .store
            .list()
            .map_err(crate::image::ImageError::from)?
            .len())
    })
    .await?;
    let containers = engine.containers.list(door);
    let count = |status| {
        containers
            .iter()
            .filter(|container| container.status() == status)
            .count()
    };
    let (running, paused) = (
        count(ContainerState::Running),
        count(ContainerState::Paused),
    );
    let memory = engine.config.memory_limit.unwrap_or_else(total_memory);
    let mut info = json!({
        "ID": engine.id,
        "Containers": containers.len(),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": containers.len() - running - paused,
        "Images": images,
        "NEventsListener": engine.events.listeners(),
        "SystemTime": clock::rfc3339(Timestamp::now()),
        "MemTotal": memory,
        "NCPU": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "Name": engine.config.workstation.hostname,
        "KernelVersion": kernel(),
        "OperatingSystem": "Drydock sandbox",
        "OSVersion": VERSION,
        "OSType": "linux",
        "Architecture": std::env::consts::ARCH,
        "ServerVersion": VERSION,
    });
    for part in [drivers(), abilities(), surroundings()] {
        if let (Value::Object(info), Value::Object(part)) = (&mut info, part) {
            info.extend(part);
        }
    }
    Ok(Json(info))
}

fn drivers() -> Value {
    let none = json!({"ID": "", "Expected": ""});
    json!({
        "Driver": "overlay2",
        "DriverStatus": [["Backing Filesystem", "tmpfs"], ["Supports d_type", "true"], ["userxattr", "true"]],
        "Plugins": {
            "Volume": ["local"], "Network": ["bridge", "host", "null"], "Authorization": null,
            "Log": ["json-file", "local", "none"],
        },
        "LoggingDriver": "json-file",
        "CgroupDriver": "none",
        "CgroupVersion": "2",
        "Runtimes": {"runc": {"path": "drydock"}},
        "DefaultRuntime": "runc",
        "InitBinary": "docker-init",
        "ContainerdCommit": none, "RuncCommit": none, "InitCommit": none,
    })
}

fn abilities() -> Value {
    json!({
        "MemoryLimit": false, "SwapLimit": false, "CpuCfsPeriod": false, "CpuCfsQuota": false, "CPUShares": false,
        "CPUSet": false, "PidsLimit": false, "OomKillDisable": false,
        "IPv4Forwarding": true, "BridgeNfIptables": true, "BridgeNfIp6tables": true,
        "LiveRestoreEnabled": false,
        "ExperimentalBuild": false,
        "SecurityOptions": ["name=seccomp,profile=default", "name=rootless"],
        "Warnings": null,
    })
}

fn surroundings() -> Value {
    json!({
        "Debug": false, "NFd": 0, "NGoroutines": 0,
        "IndexServerAddress": "https://index.docker.io/v1/",
        "RegistryConfig": {
            "AllowNondistributableArtifactsCIDRs": [], "AllowNondistributableArtifactsHostnames": [],
            "InsecureRegistryCIDRs": ["127.0.0.0/8"], "IndexConfigs": {}, "Mirrors": [],
        },
        "GenericResources": null,
        "DockerRootDir": "/var/lib/docker",
        "HttpProxy": "", "HttpsProxy": "", "NoProxy": "",
        "Labels": [],
        "Isolation": "",
        "Swarm": {
            "NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": false, "Error": "",
            "RemoteManagers": null,
        },
    })
}

fn total_memory() -> u64 {
    let text = std::fs::read_to_string(Path::new("/proc/meminfo")).unwrap_or_default();
    let kib = text.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
    });
    kib.unwrap_or(0) << 10
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct EventsQuery {
    since: String,
    until: String,
    filters: Option<String>,
}

pub(crate) async fn events(
    State(engine): State<Engine>,
    Extension(door): At,
    Asked(asked): Asked<EventsQuery>,
) -> Answer<Response> {
    let filters = Filters::parse(asked.filters.as_deref(), events::FILTERS)?;
    let since = clock::parse_limit(&asked.since).map_err(EngineError::Invalid)?;
    let until = clock::parse_limit(&asked.until).map_err(EngineError::Invalid)?;
    let (past, mut present) = engine.events.listen();
    let (sender, response) = stream::growing("application/json");
    let wanted = move |event: &Event| {
        event.is_for(door, &filters) && until.is_none_or(|until| event.time() <= until)
    };
    tokio::spawn(async move {
        if let Some(since) = since {
            for event in past
                .iter()
                .filter(|event| event.time() >= since && wanted(event))
            {
                if sender.json(event).await.is_err() {
                    return;
                }
            }
        }
        let end = end_of(until);
        tokio::pin!(end);
        loop {
            let event = tokio::select! {
                event = present.recv() => event,
                () = sender.closed() => return,
                () = &mut end => return,
            };
            match event {
                Ok(event) if wanted(&event) => {
                    if sender.json(&event).await.is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "a listener is too slow for the events")
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
    Ok(response)
}

/// Returns at that time; without one, never.
async fn end_of(until: Option<Timestamp>) {
    let Some(until) = until else {
        return std::future::pending().await;
    };
    let left = until.duration_since(Timestamp::now());
    tokio::time::sleep(std::time::Duration::try_from(left).unwrap_or_default()).await;
}

/// What takes how much of the disk. Blocks for a while when there is much.
pub(crate) async fn df(State(engine): State<Engine>, Extension(door): At) -> Answer<Json<Value>> {
    blocking(move || usage(&engine, door)).await.map(Json)
}

fn usage(engine: &Engine, door: Door) -> Answer<Value> {
    let options = ListOptions {
        all: true,
        size: true,
        ..ListOptions::default()
    };
    let containers = summary::list(engine, door, &options)?;
    let mut images = images::summaries(engine)?;
    for image in &mut images {
        image.containers = engine
            .containers
            .list(door)
            .iter()
            .filter(|c| c.image.to_string() == image.id)
            .count() as i64;
        image.shared_size = 0;
    }
    let volumes: Vec<Value> = engine
        .volumes
        .list()
        .iter()
        .map(|volume| {
            let size = crate::container::files::bytes_under(&volume.data);
            let mut info = json!(volume.info());
            info["UsageData"] =
                json!({"RefCount": users(engine, &volume.name).len(), "Size": size});
            info
        })
        .collect();
    let layers: i64 = images.iter().map(|image| image.size).sum();
    Ok(json!({
        "LayersSize": layers, "Images": images, "Containers": containers, "Volumes": volumes, "BuildCache": [],
        "BuilderSize": 0,
    }))
}

pub(crate) async fn auth() -> EngineError {
    EngineError::Unsupported {
        what: "log in to a registry".into(),
        next: "its images are there without a login: see docker images and docker pull",
    }
}

pub(crate) async fn no_swarm() -> (StatusCode, Json<drydock_api::error::ErrorMessage>) {
    let text = "This node is not a swarm manager. A sandbox is a single machine: use docker run.";
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(drydock_api::error::ErrorMessage::new(text)),
    )
}

pub(crate) async fn no_plugins() -> Json<Value> {
    Json(json!([]))
}
