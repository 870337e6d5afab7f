//! From a request to an engine that answers.

use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixListener,
    },
    path::PathBuf,
    process::Stdio,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use drydock_api::client::Body;
use drydock_runtime::{
    cgroup::Hierarchy,
    entry,
    sandbox::{BuildReport, EngineSettings, IdRange, SandboxPlan},
    wire,
};
use drydock_spec::SandboxId;

use crate::{
    SessionError, StartRequest, egress,
    host::{DataDir, is_root},
    ids,
    lock::try_lock,
    mapped, reap,
    record::{Dir, KeptBy, PROTOCOL, Process, Record},
    sandbox::Sandbox,
};

/// The builder takes some milliseconds; this is for a host in distress.
const BUILD_DEADLINE: Duration = Duration::from_secs(30);
/// The engine's first answer.
const READY_DEADLINE: Duration = Duration::from_secs(20);

/// What every start of one server has in common.
#[derive(Debug, Clone)]
pub struct Site {
    pub data: DataDir,
    pub hierarchy: Hierarchy,
    pub program: PathBuf,
    pub kept_by: KeptBy,
    pub idle: Duration,
    pub egress: bool,
}

/// Starts a sandbox; when it fails nothing is left.
pub async fn start(site: &Site, mut request: StartRequest) -> Result<Sandbox, SessionError> {
    request.egress &= site.egress;
    let id = SandboxId::random();
    let dir = Dir::new(&site.data.run(), id);
    let started = start_in(site, &dir, id, request).await;
    if started.is_err() {
        reap::remove_group(&site.hierarchy.named(&id.to_string())).await;
        reap::remove_dir(&dir);
    }
    started
}

async fn start_in(
    site: &Site,
    dir: &Dir,
    id: SandboxId,
    request: StartRequest,
) -> Result<Sandbox, SessionError> {
    let (files, egress) = (request.files.clone(), request.egress);
    let (site, dir_) = (site.clone(), dir.clone());
    let built = tokio::task::spawn_blocking(move || build(&site, &dir_, id, &request));
    let (record, engine, ids) = built
        .await
        .map_err(|e| SessionError::Spawn(io::Error::other(e)))??;
    let sandbox = Sandbox::new(record, dir, engine).map_err(SessionError::Spawn)?;
    let ready = tokio::time::timeout(READY_DEADLINE, async {
        if egress {
            egress::open(&sandbox, ids).await?;
        }
        make_ready(&sandbox, files).await
    });
    match ready.await {
        Ok(Ok(())) => Ok(sandbox),
        outcome => {
            let ended = !sandbox.alive();
            sandbox.kill();
            sandbox.ended().await;
            match outcome {
                _ if ended => Err(SessionError::EngineEnded(last_words(dir))),
                Ok(Err(error)) => Err(error),
                _ => Err(SessionError::TooSlow("answer")),
            }
        }
    }
}

/// The socket listens before the engine runs, so the first request waits in its queue.
async fn make_ready(sandbox: &Sandbox, files: Option<Vec<u8>>) -> Result<(), SessionError> {
    match files {
        None => sandbox.health().await.map(|_| ()),
        Some(tar) => {
            let body = Body::bytes(tar, "application/x-tar");
            let path = "/drydock/v1/files?path=/root";
            sandbox
                .client()
                .request(hyper::Method::PUT, path, body)
                .await?;
            Ok(())
        }
    }
}

fn build(
    site: &Site,
    dir: &Dir,
    id: SandboxId,
    request: &StartRequest,
) -> Result<(Record, OwnedFd, IdRange), SessionError> {
    fs::create_dir(dir.path()).map_err(SessionError::file("create", dir.path()))?;
    let lock = try_lock(&dir.lock()).map_err(SessionError::file("lock", dir.lock()))?;
    let lock = lock.ok_or(SessionError::TooSlow("get its lock"))?;
    fs::create_dir(dir.mount_point()).map_err(SessionError::file("create", dir.mount_point()))?;
    let control = listen(dir.socket())?;
    let docker = request.docker_socket.clone().map(listen).transpose()?;
    let log = fs::File::create(dir.log()).map_err(SessionError::file("create", dir.log()))?;
    let (ids, range_lock) = take_ids()?;
    let name = id.to_string();
    let cgroup = site
        .hierarchy
        .create(&name, &request.limits)
        .map_err(SessionError::file("create the cgroup of", dir.path()))?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let ends_at = (now + request.lifetime).as_secs();
    let plan = SandboxPlan {
        hostname: "sandbox".into(),
        store: site.data.images(),
        exe: site.program.clone(),
        mount_point: dir.mount_point(),
        ids,
        id_mapped: is_root(),
        limits: request.limits.clone(),
        cgroup: cgroup.clone(),
        settings: EngineSettings {
            sandbox: name,
            limits: request.limits.clone(),
            images: request.images.clone(),
            idle_seconds: site.idle.as_secs(),
            ends_at,
            docker_socket: docker.is_some(),
            privileged: request.privileged,
            registry: request.registry,
            egress: request.egress,
            cgroups: 0,
        },
    };
    let mut fds = vec![control.as_fd()];
    fds.extend(docker.iter().map(AsFd::as_fd));
    fds.push(lock.as_fd());
    fds.extend(range_lock.iter().map(AsFd::as_fd));
    let engine = run_builder(&plan, &fds, log)?;
    let process = engine_process(&engine).map_err(SessionError::Spawn)?;
    let record = Record {
        protocol: PROTOCOL,
        id,
        kept_by: site.kept_by,
        owner: request.owner.clone(),
        lesson: request.lesson.clone(),
        started_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        ends_at,
        engine: process,
        limits: request.limits.clone(),
        cgroup,
    };
    dir.write(&record)
        .map_err(SessionError::file("write", dir.path()))?;
    Ok((record, engine, ids))
}

/// As root a range of its own; rootless the one mapped range, which the builder sees from 0.
fn take_ids() -> Result<(IdRange, Option<OwnedFd>), SessionError> {
    if is_root() {
        ids::take().map(|(range, lock)| (range, Some(lock)))
    } else {
        Ok((IdRange { base: 0 }, None))
    }
}

fn listen(path: PathBuf) -> Result<UnixListener, SessionError> {
    // unix(7): 108 bytes with the NUL at the end.
    if path.as_os_str().len() > 107 {
        return Err(SessionError::PathTooLong(path));
    }
    let listener = UnixListener::bind(&path).map_err(SessionError::file("listen on", &path))?;
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .map_err(SessionError::file("protect", &path))?;
    Ok(listener)
}

fn run_builder(
    plan: &SandboxPlan,
    fds: &[std::os::fd::BorrowedFd<'_>],
    log: fs::File,
) -> Result<OwnedFd, SessionError> {
    let output = log.try_clone().map_err(SessionError::Spawn)?;
    let mut helper = mapped::spawn(entry::SANDBOX, &[], output.into(), Stdio::from(log))?;
    let outcome = talk(&helper.socket, plan, fds);
    if outcome.is_err() {
        let _ = helper.child.kill();
    }
    let _ = helper.child.wait();
    outcome
}

/// The engine's process is there with the first report; the end of the conversation says that every
/// step up to executing the engine went well.
fn talk(
    socket: &std::os::unix::net::UnixStream,
    plan: &SandboxPlan,
    fds: &[std::os::fd::BorrowedFd<'_>],
) -> Result<OwnedFd, SessionError> {
    socket
        .set_read_timeout(Some(BUILD_DEADLINE))
        .map_err(SessionError::Spawn)?;
    wire::send(socket, plan, fds).map_err(SessionError::Spawn)?;
    let mut engine = None;
    loop {
        match wire::receive::<BuildReport>(socket) {
            Ok(Some((BuildReport::Started, fds))) => engine = fds.into_iter().next(),
            Ok(Some((BuildReport::Failed(error), _))) => return Err(error.into()),
            Ok(None) => return engine.ok_or(SessionError::TooSlow("come up")),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(SessionError::TooSlow("come up"));
            }
            Err(error) => return Err(SessionError::Spawn(error)),
        }
    }
}

fn engine_process(pidfd: &OwnedFd) -> io::Result<Process> {
    use std::os::fd::AsRawFd;
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let pid = info.lines().find_map(|line| line.strip_prefix("Pid:"));
    let pid = pid
        .and_then(|pid| pid.trim().parse().ok())
        .ok_or(io::ErrorKind::InvalidData)?;
    Process::note(pid)
}

/// The end of the engine's log.
fn last_words(dir: &Dir) -> String {
    let read = || -> io::Result<String> {
        let mut file = fs::File::open(dir.log())?;
        let from = file.metadata()?.len().saturating_sub(2_000);
        file.seek(SeekFrom::Start(from))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).trim().to_owned())
    };
    match read() {
        Ok(text) if !text.is_empty() => text,
        _ => "it said nothing".into(),
    }
}
