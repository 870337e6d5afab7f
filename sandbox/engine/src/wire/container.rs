//! Containers: as asked for, as inspected, as listed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    HostConfig, RunConfig,
    mount::MountPoint,
    network::{EndpointSettings, NetworkSettings},
};

/// The body of `POST /containers/create`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateRequest {
    #[serde(default)]
    pub host_config: HostConfig,
    /// Says again what `HostConfig.NetworkMode` says, and what is wanted there.
    #[serde(default, rename = "NetworkingConfig")]
    pub networking: NetworkingRequest,
    #[serde(flatten)]
    pub config: RunConfig,
}

/// Networks to sit on from the start.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NetworkingRequest {
    pub endpoints_config: BTreeMap<String, EndpointRequest>,
}

/// What is wanted on one network.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct EndpointRequest {
    #[serde(rename = "IPAMConfig")]
    pub ipam_config: AddressRequest,
    pub aliases: Vec<String>,
    pub mac_address: String,
}

/// `--ip` and `--ip6`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AddressRequest {
    #[serde(rename = "IPv4Address")]
    pub ipv4_address: String,
    #[serde(rename = "IPv6Address")]
    pub ipv6_address: String,
}

/// The answer to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateAnswer {
    pub id: String,
    pub warnings: Vec<String>,
}

/// `State` of `inspect`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StateInfo {
    pub status: &'static str,
    pub running: bool,
    pub paused: bool,
    pub restarting: bool,
    #[serde(rename = "OOMKilled")]
    pub oom_killed: bool,
    pub dead: bool,
    pub pid: i32,
    pub exit_code: i32,
    pub error: String,
    pub started_at: String,
    pub finished_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthInfo>,
}

/// `State.Health`, of a container with checks.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HealthInfo {
    pub status: &'static str,
    pub failing_streak: i64,
    pub log: Vec<HealthLog>,
}

/// What came of one check.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HealthLog {
    pub start: String,
    pub end: String,
    pub exit_code: i32,
    pub output: String,
}

/// `GET /containers/{id}/json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Inspect {
    pub id: String,
    pub created: String,
    pub path: String,
    pub args: Vec<String>,
    pub state: StateInfo,
    pub image: String,
    pub resolv_conf_path: String,
    pub hostname_path: String,
    pub hosts_path: String,
    pub log_path: String,
    pub name: String,
    pub restart_count: u64,
    pub driver: &'static str,
    pub platform: &'static str,
    pub mount_label: String,
    pub process_label: String,
    pub app_armor_profile: String,
    #[serde(rename = "ExecIDs")]
    pub exec_ids: Option<Vec<String>>,
    pub host_config: HostConfig,
    pub graph_driver: GraphDriver,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_rw: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_root_fs: Option<u64>,
    pub mounts: Vec<MountPoint>,
    pub config: RunConfig,
    pub network_settings: NetworkSettings,
}

/// Where the layers lie, in paths that mean something to Docker only.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GraphDriver {
    pub data: BTreeMap<&'static str, String>,
    pub name: &'static str,
}

/// One of `GET /containers/json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Summary {
    pub id: String,
    pub names: Vec<String>,
    pub image: String,
    #[serde(rename = "ImageID")]
    pub image_id: String,
    pub command: String,
    pub created: i64,
    pub ports: Vec<Port>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_rw: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_root_fs: Option<u64>,
    pub labels: BTreeMap<String, String>,
    pub state: &'static str,
    pub status: String,
    pub host_config: BTreeMap<&'static str, String>,
    pub network_settings: BTreeMap<&'static str, BTreeMap<String, EndpointSettings>>,
    pub mounts: Vec<MountPoint>,
}

/// One of `Ports` in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Port {
    pub private_port: u16,
    #[serde(rename = "Type")]
    pub kind: String,
}
