//! Start: seat, files, streams, launch, watch; in this order, each undone by dropping when a later one fails.

use std::{io, os::fd::OwnedFd, sync::Arc, time::Duration};

use drydock_runtime::{
    cgroup::ContainerGroup,
    launch::{LaunchError, Stdio},
};
use drydock_spec::ContainerState;
use jiff::Timestamp;
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::net::unix::pipe;

use super::{announce, blocking, pump::Pumps, remove, watch, whole};
use crate::{
    Engine,
    container::{
        Container, create, files,
        health::{Health, monitor, plan::Plan},
        limits,
        log::options,
        namespaces::Sharing,
        spec::spec,
        streams::Input,
    },
    doors::Door,
    error::{EngineError, NOT_A_DIRECTORY},
    network::Mode,
    process::Process,
};

/// Who starts a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Somebody,
    /// Its restart policy, which counts.
    Policy,
}

/// Starts a container that does not run.
pub(crate) async fn start(engine: &Engine, container: &Arc<Container>) -> Result<(), EngineError> {
    let (engine, container) = (engine.clone(), container.clone());
    whole(async move {
        let _turn = container.turn.lock().await;
        in_turn(&engine, &container, By::Somebody).await
    })
    .await
}

/// As [`start`], for whoever holds the container's turn.
pub(super) async fn in_turn(
    engine: &Engine,
    container: &Arc<Container>,
    by: By,
) -> Result<(), EngineError> {
    match container.status() {
        ContainerState::Running => return Err(EngineError::NotModified),
        // For Docker it runs: its policy will start it.
        ContainerState::Restarting if by == By::Somebody => return Err(EngineError::NotModified),
        ContainerState::Paused => {
            return Err(EngineError::Conflict(
                "cannot start a paused container, try unpause instead".into(),
            ));
        }
        ContainerState::Removing | ContainerState::Dead => {
            return Err(EngineError::Conflict(
                "container is marked for removal and cannot be started".into(),
            ));
        }
        ContainerState::Created | ContainerState::Exited | ContainerState::Restarting => {}
    }
    if by == By::Somebody {
        container.state.send_modify(|state| {
            state.restarts = 0;
            state.backoff = Duration::ZERO;
        });
    }
    match launch(engine, container).await {
        Ok(()) => Ok(()),
        Err(error) => {
            failed(engine, container, &error).await;
            Err(error)
        }
    }
}

async fn launch(engine: &Engine, container: &Arc<Container>) -> Result<(), EngineError> {
    // A driver that cannot begin says so now, as in Docker.
    options::limits(
        &container.host.log_config,
        create::default_log_limits(engine),
    )?;
    let door = if container.hidden {
        Door::Control
    } else {
        Door::Learner
    };
    create::network::at_start(engine, door, &container.host)?;
    let mode = Mode::parse(&container.host.network_mode)
        .ok_or_else(|| EngineError::NoSuchNetwork(container.host.network_mode.clone()))?;
    let mode = if container.config.network_disabled {
        Mode::None
    } else {
        mode
    };
    limits::check_at_start(&container.host_config())?;
    let sharing = Sharing::of(engine, container)?;
    let seat = engine.networks.seat(mode)?;
    files::write_etc(container, &seat, &engine.config)
        .map_err(EngineError::os("write the container's /etc/hosts"))?;
    let spec = spec(engine, container, &seat)?;
    let (stdio, ends) = pipes(container).map_err(EngineError::os("make pipes"))?;

    let not_taken = |why| EngineError::Start(LaunchError::Limit(why));
    let alone = container.changing.lock().await;
    let resources = limits::resources(&container.host_config()).map_err(not_taken)?;
    let group_name = group_name(container);
    let (engine_too, asked) = (engine.clone(), container.clone());
    let launcher = engine.launcher.clone();
    let (running, group) = blocking(move || {
        create::devices::at_start(&engine_too, &asked.host)?;
        // Making groups takes as long as the helper needs to come up.
        let helper = launcher.prepare().map_err(EngineError::Start)?;
        let group = ContainerGroup::create(launcher.groups(), &group_name, &resources)
            .map_err(|error| not_taken(error.to_string()))?;
        let running = helper.run(&spec, sharing.donors(), stdio, Some(&group));
        Ok((running.map_err(EngineError::Start)?, Arc::new(group)))
    })
    .await?;
    let process = Process::adopt(running).map_err(EngineError::os("watch the container"))?;

    let input = match (&ends.stdin, process.pty()) {
        (_, Some(_)) if container.config.open_stdin => Some(Input::Terminal(process.clone())),
        (Some(_), None) => None,
        _ => None,
    };
    let input = match (input, ends.stdin) {
        (None, Some(pipe)) => Some(Input::Pipe(Arc::new(tokio::sync::Mutex::new(pipe)))),
        (input, _) => input,
    };
    container.streams.begin(input);
    let pumps = Pumps::start(container, &process, ends.stdout, ends.stderr);
    let checks = Plan::new(&container.config);
    announce::attached(engine, container, &seat);
    container.state.send_modify(|state| {
        state.status = ContainerState::Running;
        state.exit_code = 0;
        state.error.clear();
        state.started_at = Some(Timestamp::now());
        state.process = Some(process.clone());
        state.group = Some(group.clone());
        state.oom_killed = false;
        state.seat = Some(seat);
        state.asked_to_end = false;
        state.health = checks
            .is_some()
            .then(|| Arc::new(Health::starting(state.health.as_deref())));
    });
    drop(alone);
    engine.events.tell(container.event("start", &[]));
    if let Some(plan) = checks {
        tokio::spawn(monitor::watch(
            engine.clone(),
            container.clone(),
            process.clone(),
            plan,
        ));
    }
    tokio::spawn(watch::watch(
        engine.clone(),
        container.clone(),
        process,
        group,
        pumps,
    ));
    Ok(())
}

/// One for each run: the last run's may be there for a moment longer.
fn group_name(container: &Container) -> String {
    match container.state.borrow().ends {
        0 => container.id.to_string(),
        ends => format!("{}.{ends}", container.id),
    }
}

/// Docker keeps the reason, and the code a shell would give.
async fn failed(engine: &Engine, container: &Arc<Container>, error: &EngineError) {
    let code = match error {
        EngineError::Start(LaunchError::NotFound { .. } | LaunchError::NoSuchFile { .. }) => 127,
        EngineError::Start(LaunchError::Mount { reason, .. }) if reason == NOT_A_DIRECTORY => 127,
        EngineError::Start(LaunchError::NotExecutable { .. }) => 126,
        _ => 128,
    };
    container.streams.end();
    container.state.send_modify(|state| {
        state.error = error.message();
        state.exit_code = code;
        state.ends += 1;
        if state.status == ContainerState::Restarting {
            state.status = ContainerState::Exited;
        }
    });
    if container.host.auto_remove {
        remove::quietly(engine, container).await;
        // Who waits for the removal hears of it before the caller hears of the failure: Docker's CLI stops waiting then.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
}

/// Our ends of a container's pipes.
struct Ends {
    stdin: Option<pipe::Sender>,
    stdout: Option<pipe::Receiver>,
    stderr: Option<pipe::Receiver>,
}

fn pipes(container: &Container) -> io::Result<(Stdio, Ends)> {
    let mut stdio = Stdio::default();
    let mut ends = Ends {
        stdin: None,
        stdout: None,
        stderr: None,
    };
    if container.config.tty {
        return Ok((stdio, ends));
    }
    if container.config.open_stdin {
        let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC)?;
        stdio.stdin = Some(theirs);
        ends.stdin = Some(writer(ours)?);
    }
    let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
    stdio.stdout = Some(theirs);
    ends.stdout = Some(reader(ours)?);
    let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
    stdio.stderr = Some(theirs);
    ends.stderr = Some(reader(ours)?);
    Ok((stdio, ends))
}

/// Our reading end of a pipe.
pub(crate) fn reader(fd: OwnedFd) -> io::Result<pipe::Receiver> {
    rustix::io::ioctl_fionbio(&fd, true)?;
    pipe::Receiver::from_owned_fd(fd)
}

/// Our writing end of a pipe.
pub(crate) fn writer(fd: OwnedFd) -> io::Result<pipe::Sender> {
    rustix::io::ioctl_fionbio(&fd, true)?;
    pipe::Sender::from_owned_fd(fd)
}
