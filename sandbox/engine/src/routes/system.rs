//! `/_ping`, `/version`, `/info`, `/system/df`.

use std::path::Path;

use axum::{
    Extension, Json,
    extract::{RawQuery, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use drydock_api::{API_VERSION, MIN_API_VERSION, VERSION};
use drydock_image::config::host_architecture;
use drydock_runtime::cgroup::{Delegation, Version};
use drydock_spec::ContainerState;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{At, images};
use crate::{
    Engine, clock,
    container::{
        life::{blocking, remove::users},
        summary::{self, ListOptions},
    },
    doors::Door,
    error::EngineError,
    http::version::ApiVersion,
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
        // Our own client's builds: `drydock_api::build`.
        ("Drydock-Builder", "1"),
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

pub(crate) async fn info(
    State(engine): State<Engine>,
    Extension(door): At,
    Extension(api): Extension<ApiVersion>,
) -> Answer<Json<Value>> {
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
    let groups = engine.launcher.groups();
    for part in [
        drivers(groups),
        abilities(groups),
        surroundings(),
        Value::Object(by_version(api)),
    ] {
        if let (Value::Object(info), Value::Object(part)) = (&mut info, part) {
            info.extend(part);
        }
    }
    Ok(Json(info))
}

fn drivers(groups: &Delegation) -> Value {
    json!({
        "Driver": "overlay2",
        "DriverStatus": [["Backing Filesystem", "tmpfs"], ["Supports d_type", "true"], ["userxattr", "true"]],
        "Plugins": {
            "Volume": ["local"], "Network": ["bridge", "host", "null"], "Authorization": null,
            "Log": ["json-file", "local", "none"],
        },
        "LoggingDriver": "json-file",
        "CgroupDriver": if groups.is_none() { "none" } else { "cgroupfs" },
        "CgroupVersion": match groups.version() { Version::V1 => "1", Version::V2 => "2" },
        "Runtimes": {"io.containerd.runc.v2": {"path": "runc"}, "runc": {"path": "runc"}},
        "DefaultRuntime": "runc",
        "InitBinary": "docker-init",
    })
}

fn abilities(groups: &Delegation) -> Value {
    let able = groups.abilities();
    json!({
        "MemoryLimit": able.memory, "SwapLimit": able.swap, "CpuCfsPeriod": able.cpu, "CpuCfsQuota": able.cpu,
        "CPUShares": able.cpu, "CPUSet": able.cpuset, "PidsLimit": able.pids, "OomKillDisable": able.oom_kill_disable,
        "IPv4Forwarding": true,
        "LiveRestoreEnabled": false,
        "ExperimentalBuild": false,
        "SecurityOptions": ["name=seccomp,profile=default", "name=rootless"],
        "Warnings": warnings(groups),
    })
}

/// In Docker's words, as the last lines of `docker info` show them.
fn warnings(groups: &Delegation) -> Option<Vec<&'static str>> {
    if groups.is_none() {
        return Some(vec![
            "WARNING: Running in rootless-mode without cgroups. To enable cgroups in rootless-mode, you need to boot the system in cgroup v2 mode.",
        ]);
    }
    let able = groups.abilities();
    let lacking = [
        (able.memory, "WARNING: No memory limit support"),
        (able.swap, "WARNING: No swap limit support"),
        (able.cpu, "WARNING: No cpu cfs quota support"),
        (able.cpuset, "WARNING: No cpuset support"),
        (able.pids, "WARNING: No pids limit support"),
    ];
    let lacking: Vec<_> = lacking
        .into_iter()
        .filter_map(|(able, text)| (!able).then_some(text))
        .collect();
    (!lacking.is_empty()).then_some(lacking)
}

fn surroundings() -> Value {
    json!({
        "Debug": false, "NFd": 0, "NGoroutines": 0,
        "IndexServerAddress": "https://index.docker.io/v1/",
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

/// Fields that came or went with a version of the API (its version history, 1.42, 1.44, 1.49 and 1.50).
fn by_version(api: ApiVersion) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut add = |more: Value| {
        if let Value::Object(more) = more {
            fields.extend(more);
        }
    };
    if api < ApiVersion(42) {
        add(json!({"KernelMemory": false, "KernelMemoryTCP": false}));
    }
    if api >= ApiVersion(44) {
        add(json!({"CDISpecDirs": []}));
    }
    if api < ApiVersion(50) {
        add(json!({"BridgeNfIptables": true, "BridgeNfIp6tables": true}));
    }
    let commit = match api < ApiVersion(49) {
        true => json!({"ID": "", "Expected": ""}),
        false => json!({"ID": ""}),
    };
    add(json!({"ContainerdCommit": commit, "RuncCommit": commit, "InitCommit": commit}));
    add(json!({"RegistryConfig": registries(api)}));
    fields
}

/// Whom images come from. No daemon of today makes a difference between layers that may be passed on and others.
fn registries(api: ApiVersion) -> Value {
    let mut registries = json!({
        "InsecureRegistryCIDRs": ["127.0.0.0/8"],
        "IndexConfigs": {"docker.io": {"Name": "docker.io", "Mirrors": [], "Secure": true, "Official": true}},
        "Mirrors": [],
    });
    if api < ApiVersion(49) {
        registries["AllowNondistributableArtifactsCIDRs"] = json!([]);
        registries["AllowNondistributableArtifactsHostnames"] = json!([]);
    }
    registries
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

/// What takes how much of the disk. Blocks for a while when there is much.
pub(crate) async fn df(
    State(engine): State<Engine>,
    Extension(door): At,
    Extension(api): Extension<ApiVersion>,
    RawQuery(query): RawQuery,
) -> Answer<Json<Value>> {
    let kinds = Kinds::parse(query.as_deref().unwrap_or_default(), api)?;
    let mut usage = blocking(move || usage(&engine, door, api)).await?;
    if let Value::Object(usage) = &mut usage {
        kinds.keep(usage, api);
    }
    Ok(Json(usage))
}

/// What `type=` asks for, since 1.42; nothing is everything.
struct Kinds(Vec<&'static str>);

const KINDS: [(&str, &str); 4] = [
    ("container", "Containers"),
    ("image", "Images"),
    ("volume", "Volumes"),
    ("build-cache", "BuildCache"),
];

impl Kinds {
    fn parse(query: &str, api: ApiVersion) -> Answer<Self> {
        if api < ApiVersion(42) {
            return Ok(Self(Vec::new()));
        }
        let asked = query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("type="));
        let known = |asked: &str| {
            let known = KINDS.iter().find(|(kind, _)| *kind == asked);
            known
                .map(|(_, field)| *field)
                .ok_or_else(|| EngineError::Invalid(format!("unknown object type: {asked}")))
        };
        asked.map(known).collect::<Answer<_>>().map(Self)
    }

    fn keep(&self, usage: &mut Map<String, Value>, api: ApiVersion) {
        if api >= ApiVersion(42) {
            usage.remove("BuilderSize");
        } else {
            // An empty list since.
            usage.insert("BuildCache".into(), Value::Null);
        }
        if self.0.is_empty() {
            return;
        }
        for (_, field) in KINDS {
            if !self.0.contains(&field) {
                usage.insert(field.into(), Value::Null);
            }
        }
        if !self.0.contains(&"Images") {
            usage.insert("LayersSize".into(), 0.into());
        }
    }
}

fn usage(engine: &Engine, door: Door, api: ApiVersion) -> Answer<Value> {
    let options = ListOptions {
        all: true,
        size: true,
        ..ListOptions::default()
    };
    let containers = summary::list(engine, door, &options)?;
    let mut images = images::summaries(engine, api)?;
    for image in &mut images {
        image.containers = engine
            .containers
            .list(door)
            .iter()
            .filter(|c| c.image.to_string() == image.id)
            .count() as i64;
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
    let layers = images::layers_size(engine)?;
    Ok(json!({
        "LayersSize": layers, "Images": images, "Containers": containers, "Volumes": volumes,
        "BuildCache": build_cache(engine), "BuilderSize": 0,
    }))
}

/// The records of the build cache as Docker words them.
fn build_cache(engine: &Engine) -> Vec<Value> {
    let record = |record: drydock_api::build::CacheRecord| {
        json!({
            "ID": record.id, "Parents": record.parents, "Type": record.kind, "Description": record.description,
            "InUse": record.in_use, "Shared": record.shared, "Size": record.size, "CreatedAt": record.created,
            "LastUsedAt": record.last_used, "UsageCount": record.usage_count,
        })
    };
    crate::builder::usage(engine)
        .into_iter()
        .map(record)
        .collect()
}
