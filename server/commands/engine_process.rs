//! The engine's process: what a sandbox's builder executed it with becomes the engine's configuration.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::Context;
use drydock_engine::{EngineConfig, Inherited};
use drydock_runtime::{
    capability::Capabilities,
    container::{Mount, MountSource, ProcessSpec, Reach, Rootfs, Seccomp},
    entry,
    launch::WorkstationSpec,
    sandbox::{CONTROL_FD, EngineSettings, FIRST_CGROUP_FD, Layout},
    sys::{close_all_from, inherited_fd},
};

/// Bytes of log that one engine may write: its log is a file of the host's.
const LOG_BUDGET: usize = 1 << 20;

/// Runs the engine to its end.
pub fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(|| Budgeted)
        .init();
    match inherited() {
        Ok((config, inherited)) => drydock_engine::main(config, inherited),
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn inherited() -> anyhow::Result<(EngineConfig, Inherited)> {
    // The locks among them are held for as long as this process lives, by no helper of it.
    close_all_from(CONTROL_FD).context("could not keep descriptors to itself")?;
    let settings = std::env::var(EngineSettings::VARIABLE)
        .context("the engine is started by a sandbox's builder")?;
    let settings: EngineSettings = serde_json::from_str(&settings)?;
    let control = inherited_fd(CONTROL_FD).context("no control socket")?;
    let mut next = FIRST_CGROUP_FD;
    let mut take = || {
        next += 1;
        inherited_fd(next - 1)
    };
    let cgroups = (0..settings.cgroups)
        .map(|_| take())
        .collect::<io::Result<Vec<_>>>()?;
    let docker = if settings.docker_socket {
        Some(take()?)
    } else {
        None
    };
    let powers = if settings.privileged {
        Some(take()?)
    } else {
        None
    };
    let workstation = workstation()?;
    let mut config = EngineConfig::new(Layout::STORE.into(), Layout::DATA.into(), workstation);
    config.visible = settings.images;
    config.registry = settings.registry;
    config.egress = settings.egress;
    if config.egress {
        let mount = resolv_conf(&config.name_servers());
        let mount = mount.context("could not write the workstation's resolv.conf")?;
        config.workstation.mounts.push(mount);
    }
    config.idle_limit = Duration::from_secs(settings.idle_seconds);
    // Without control groups nothing enforces a limit, so none is told.
    if settings.cgroups > 0 {
        config.memory_limit = Some(settings.limits.learner_memory());
        config.pids_limit = Some(settings.limits.pids);
    }
    let inherited = Inherited {
        control,
        docker,
        cgroups,
        powers,
    };
    Ok((config, inherited))
}

/// What the workstation asks for names, once there is somebody to ask.
fn resolv_conf(text: &str) -> io::Result<Mount> {
    let path = Path::new(Layout::DATA).join("workstation/resolv.conf");
    std::fs::write(&path, text)?;
    Ok(Mount {
        source: MountSource::Engine(path),
        target: "/etc/resolv.conf".into(),
        readonly: false,
    })
}

fn workstation() -> anyhow::Result<WorkstationSpec> {
    let lower = drydock_image::workstation::current(Path::new(Layout::STORE))
        .context("the image store has no workstation")?;
    let own = Path::new(Layout::DATA).join("workstation");
    let rootfs = Rootfs {
        lowers: vec![lower],
        upper: own.join("upper"),
        work: own.join("work"),
    };
    for dir in [&rootfs.upper, &rootfs.work] {
        std::fs::create_dir_all(dir)?;
    }
    let show = |source: PathBuf, target: &str, readonly| Mount {
        source: MountSource::Engine(source),
        target: target.into(),
        readonly,
    };
    let init = format!("/sbin/{}", entry::WORKSTATION);
    let data = Path::new(Layout::DATA);
    Ok(WorkstationSpec {
        hostname: "workstation".into(),
        rootfs,
        mounts: vec![
            show(Layout::EXE.into(), "/usr/local/bin/docker", true),
            show(Layout::EXE.into(), &init, true),
            show(data.join("run/docker.sock"), "/var/run/docker.sock", false),
            show(data.join("volumes"), "/var/lib/docker/volumes", false),
        ],
        process: ProcessSpec {
            args: vec![init],
            env: vec![
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
                "HOME=/root".into(),
                "LANG=C.UTF-8".into(),
            ],
            cwd: "/".into(),
            user: String::new(),
            groups: vec![],
            tty: None,
            capabilities: Capabilities::docker_default(),
            reach: Reach::Sandbox,
            no_new_privileges: false,
            seccomp: Seccomp::Default,
            rlimits: vec![],
        },
    })
}

/// Standard error, up to the budget; then silence.
struct Budgeted;

static SPENT: AtomicUsize = AtomicUsize::new(0);

impl Write for Budgeted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if SPENT.fetch_add(bytes.len(), Ordering::Relaxed) < LOG_BUDGET {
            io::stderr().write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
