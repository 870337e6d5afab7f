//! One sandbox for as long as this process lives.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use drydock_session::{
    Limits, RegistryPolicy, Role, Sandbox, Sessions, SessionsConfig, StartRequest,
};

use super::provision;

/// A sandbox of a process that was killed ends itself after this: it holds no connection then.
const IDLE: Duration = Duration::from_secs(60);
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What the sandbox starts with.
#[derive(Debug, Default)]
pub struct Start {
    pub images: Option<Vec<String>>,
    pub files: Option<Vec<u8>>,
    pub lesson: Option<String>,
    pub privileged: bool,
    pub docker_socket: Option<PathBuf>,
    pub registry: bool,
    pub egress: bool,
}

/// Opens the data directory, filling it on first use.
pub async fn sessions(
    data_dir: PathBuf,
    registries: RegistryPolicy,
    egress: bool,
) -> anyhow::Result<Sessions> {
    provision::ensure(&data_dir)?;
    Sessions::open(SessionsConfig {
        data_dir,
        role: Role::Once,
        idle: IDLE,
        registries,
        egress,
    })
    .await
    .context("could not open the data directory")
}

/// Starts a sandbox.
pub async fn start(sessions: &Sessions, start: Start) -> anyhow::Result<Sandbox> {
    let request = StartRequest {
        owner: format!("process {}", std::process::id()),
        lesson: start.lesson,
        images: start.images,
        files: start.files,
        limits: Limits::default(),
        lifetime: LIFETIME,
        privileged: start.privileged,
        docker_socket: start.docker_socket,
        registry: start.registry,
        egress: start.egress,
    };
    sessions
        .start(request)
        .await
        .context("could not start a sandbox")
}

/// Until somebody asks this process to stop: SIGTERM, SIGINT or SIGHUP.
pub async fn asked_to_stop() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
