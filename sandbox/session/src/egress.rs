//! A way out for a sandbox that is to have one; see [`drydock_runtime::egress`].

use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
    process::Stdio,
    time::Duration,
};

use drydock_runtime::{
    egress::{EgressPlan, EgressReport},
    entry,
    sandbox::IdRange,
    wire,
};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::{SessionError, host::is_root, mapped, sandbox::Sandbox};

/// Two pastas, each of which takes some tens of milliseconds.
const DEADLINE: Duration = Duration::from_secs(15);

/// Opens it; it closes by itself when the sandbox's engine ends.
pub async fn open(sandbox: &Sandbox, ids: IdRange) -> Result<(), SessionError> {
    let plan = EgressPlan {
        engine: sandbox.engine_pid(),
        owner: is_root().then_some(ids.base),
    };
    let number = Pid::from_raw(plan.engine).ok_or(io::ErrorKind::InvalidInput);
    let engine = number
        .map_err(io::Error::from)
        .and_then(|pid| Ok(pidfd_open(pid, PidfdFlags::empty())?))
        .map_err(SessionError::Spawn)?;
    // Only now, so that the number is the engine's.
    if !sandbox.alive() {
        return Err(SessionError::TooSlow("come up"));
    }
    let opened = tokio::task::spawn_blocking(move || run(&plan, &engine));
    opened
        .await
        .map_err(|error| SessionError::Spawn(io::Error::other(error)))?
}

fn run(plan: &EgressPlan, engine: &OwnedFd) -> Result<(), SessionError> {
    let mut helper = mapped::spawn(entry::EGRESS, &[], Stdio::null(), Stdio::inherit())?;
    let answer = ask(&helper.socket, plan, engine);
    if answer.is_err() {
        let _ = helper.child.kill();
    }
    let _ = helper.child.wait();
    answer
}

fn ask(
    socket: &std::os::unix::net::UnixStream,
    plan: &EgressPlan,
    engine: &OwnedFd,
) -> Result<(), SessionError> {
    socket
        .set_read_timeout(Some(DEADLINE))
        .and_then(|()| wire::send(socket, plan, &[engine.as_fd()]))
        .map_err(SessionError::Spawn)?;
    match wire::receive::<EgressReport>(socket) {
        Ok(Some((EgressReport::Ready, _))) => Ok(()),
        Ok(Some((EgressReport::Failed(error), _))) => Err(SessionError::Egress(error)),
        Ok(None) => Err(SessionError::TooSlow("get a way out")),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(SessionError::TooSlow("get a way out"))
        }
        Err(error) => Err(SessionError::Spawn(error)),
    }
}
