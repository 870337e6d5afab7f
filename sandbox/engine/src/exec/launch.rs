//! Start and end of an exec.

use std::{io, os::fd::AsFd, sync::Arc};

use drydock_runtime::{
    capability::Capabilities,
    cgroup::ContainerGroup,
    container::{ExecSpec, ProcessSpec, Reach, Seccomp, TermSize},
    launch::{LaunchError, Stdio},
};
use drydock_spec::ContainerState;
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::net::unix::pipe;

use super::{Exec, Target};
use crate::{
    Engine,
    container::{
        create::merge,
        life::{
            blocking,
            start::{reader, writer},
        },
        spec::{self, cwd},
    },
    error::EngineError,
    process::Process,
};

/// A started exec and our ends of its pipes.
#[derive(Debug)]
pub(crate) struct Started {
    pub process: Process,
    pub stdin: Option<pipe::Sender>,
    pub stdout: Option<pipe::Receiver>,
    pub stderr: Option<pipe::Receiver>,
}

/// Says that this exec is being started; only once.
pub(crate) fn claim(exec: &Exec) -> Result<(), EngineError> {
    let mut first = false;
    exec.state
        .send_modify(|state| first = !std::mem::replace(&mut state.started, true));
    if first {
        return Ok(());
    }
    Err(EngineError::Conflict(format!(
        "Error: Exec command {} has already run",
        exec.id
    )))
}

/// Starts a claimed exec; `attached` says whether anybody will read what it prints.
pub(crate) async fn start(
    engine: &Engine,
    exec: &Arc<Exec>,
    attached: bool,
    size: Option<TermSize>,
) -> Result<Started, EngineError> {
    match launch(engine, exec, attached, size).await {
        Ok(started) => Ok(started),
        Err(error) => {
            let code = match &error {
                EngineError::Exec(
                    LaunchError::NotFound { .. } | LaunchError::NoSuchFile { .. },
                ) => 127,
                _ => 126,
            };
            exec.state.send_modify(|state| state.exit_code = Some(code));
            engine.execs.ended(exec);
            Err(error)
        }
    }
}

async fn launch(
    engine: &Engine,
    exec: &Arc<Exec>,
    attached: bool,
    size: Option<TermSize>,
) -> Result<Started, EngineError> {
    let (target, group) = target(engine, exec)?;
    let spec = exec_spec(engine, exec, size)?;
    let (stdio, pipes) = pipes(exec, attached).map_err(EngineError::os("make pipes"))?;
    tell(engine, exec, "exec_start");
    let launcher = engine.launcher.clone();
    let running = blocking(move || {
        launcher
            .exec(target.pidfd().as_fd(), &spec, stdio, group.as_deref())
            .map_err(EngineError::Exec)
    })
    .await?;
    let process = Process::adopt(running).map_err(EngineError::os("watch a process"))?;
    exec.state.send_modify(|state| {
        state.pid = process.visible_pid();
        state.process = Some(process.clone());
    });
    tokio::spawn(watch(engine.clone(), exec.clone(), process.clone()));
    let [stdout, stderr] = pipes.out;
    Ok(Started {
        process,
        stdin: pipes.stdin,
        stdout,
        stderr,
    })
}

async fn watch(engine: Engine, exec: Arc<Exec>, process: Process) {
    let code = process.wait().await.code();
    exec.state.send_modify(|state| {
        state.process = None;
        state.exit_code = Some(code);
    });
    engine.execs.ended(&exec);
    if let Target::Container(container) = &exec.target {
        let more = [
            ("execID", exec.id.to_string()),
            ("exitCode", code.to_string()),
        ];
        engine.events.tell(container.event("exec_die", &more));
    }
}

/// The process whose namespaces the exec joins, and the groups.
fn target(
    engine: &Engine,
    exec: &Exec,
) -> Result<(Process, Option<Arc<ContainerGroup>>), EngineError> {
    let container = match &exec.target {
        Target::Workstation => return Ok((engine.workstation.clone(), None)),
        Target::Container(container) => container,
    };
    let state = container.state();
    match state.process {
        // Frozen before it has begun, it would hold the start up until its deadline.
        Some(_) if state.status == ContainerState::Paused => Err(EngineError::Conflict(format!(
            "Container {} is paused, unpause the container before exec",
            container.id
        ))),
        Some(process) => Ok((process, state.group)),
        None => Err(EngineError::NotRunning(container.id.to_string())),
    }
}

/// Something happens to an exec.
pub(crate) fn tell(engine: &Engine, exec: &Exec, action: &str) {
    if let Target::Container(container) = &exec.target {
        // As Docker joins them: a command without arguments leaves a blank at the end.
        let (program, args) = exec.request.cmd.split_first().unzip();
        let (program, args) = (program.map_or("", String::as_str), args.unwrap_or_default());
        let action = format!("{action}: {program} {}", args.join(" "));
        engine
            .events
            .tell(container.event(action, &[("execID", exec.id.to_string())]));
    }
}

/// Something happens to an exec whose command does not matter.
pub(crate) fn tell_plain(engine: &Engine, exec: &Exec, action: &str) {
    if let Target::Container(container) = &exec.target {
        let more = [("execID", exec.id.to_string())];
        engine.events.tell(container.event(action, &more));
    }
}

fn exec_spec(
    engine: &Engine,
    exec: &Exec,
    size: Option<TermSize>,
) -> Result<ExecSpec, EngineError> {
    let request = &exec.request;
    let [rows, cols] = request.console_size;
    let tty = request
        .tty
        .then_some(size.unwrap_or(TermSize { cols, rows }));
    let mut process = match &exec.target {
        Target::Workstation => ProcessSpec {
            groups: Vec::new(),
            ..engine.config.workstation.process.clone()
        },
        Target::Container(container) => {
            let (capabilities, reach) = spec::powers(engine, &container.host)?;
            ProcessSpec {
                args: Vec::new(),
                env: merge::environment(&container.config, request.tty),
                cwd: cwd(&container.config.working_dir),
                user: container.config.user.clone(),
                groups: container.host.group_add.clone().unwrap_or_default(),
                tty: None,
                capabilities,
                reach,
                no_new_privileges: spec::no_new_privileges(&container.host),
                seccomp: spec::seccomp(&container.host)?,
                rlimits: spec::rlimits(&container.host),
            }
        }
    };
    process.args.clone_from(&request.cmd);
    process.tty = tty;
    merge::overlay(&mut process.env, request.env.iter());
    if !request.user.is_empty() {
        process.user.clone_from(&request.user);
    }
    if !request.working_dir.is_empty() {
        process.cwd.clone_from(&request.working_dir);
    }
    if request.privileged {
        make_privileged(&mut process)?;
    }
    Ok(ExecSpec { process })
}

/// Docker gives such a process every capability; here they must not reach beyond its container.
fn make_privileged(process: &mut ProcessSpec) -> Result<(), EngineError> {
    if process.reach == Reach::Sandbox {
        return Err(EngineError::Unsupported {
            what:
                "run a privileged process in an unprivileged container (docker exec --privileged)"
                    .into(),
            next: "start the container itself with --privileged",
        });
    }
    process.capabilities = Capabilities::all();
    process.seccomp = Seccomp::Unconfined;
    Ok(())
}

struct Pipes {
    stdin: Option<pipe::Sender>,
    out: [Option<pipe::Receiver>; 2],
}

fn pipes(exec: &Exec, attached: bool) -> io::Result<(Stdio, Pipes)> {
    let mut stdio = Stdio::default();
    let mut pipes = Pipes {
        stdin: None,
        out: [None, None],
    };
    let request = &exec.request;
    if request.tty || !attached {
        return Ok((stdio, pipes));
    }
    if request.attach_stdin {
        let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC)?;
        stdio.stdin = Some(theirs);
        pipes.stdin = Some(writer(ours)?);
    }
    if request.attach_stdout {
        let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
        stdio.stdout = Some(theirs);
        pipes.out[0] = Some(reader(ours)?);
    }
    if request.attach_stderr {
        let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
        stdio.stderr = Some(theirs);
        pipes.out[1] = Some(reader(ours)?);
    }
    Ok((stdio, pipes))
}
