//! First processes of our own: they reap orphans, and forward signals to the one program they were given.

use std::{io, os::unix::process::CommandExt, process::Command};

use nix::sys::{
    signal::{SigSet, Signal, kill},
    wait::{WaitPidFlag, WaitStatus, waitpid},
};
use nix::unistd::Pid;

/// Reaps until it is killed with its namespace.
#[must_use]
pub fn workstation() -> i32 {
    let signals = SigSet::all();
    if signals.thread_block().is_err() {
        return 1;
    }
    loop {
        reap_all(None);
        let _ = signals.wait();
    }
}

/// `docker-init -- PROGRAM ARGS…`: its exit code is the program's.
#[must_use]
pub fn docker_init(args: &[String]) -> i32 {
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    let Some((program, rest)) = args.split_first() else {
        return 127;
    };
    let signals = SigSet::all();
    let child = match Command::new(program).args(rest).process_group(0).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("docker-init: {program}: {error}");
            return if error.kind() == io::ErrorKind::NotFound {
                127
            } else {
                126
            };
        }
    };
    if signals.thread_block().is_err() {
        return 1;
    }
    let child = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    loop {
        if let Some(code) = reap_all(Some(child)) {
            return code;
        }
        match signals.wait() {
            Ok(Signal::SIGCHLD) | Err(_) => {}
            Ok(signal) => {
                let _ = kill(child, signal);
            }
        }
    }
}

fn reap_all(child: Option<Pid>) -> Option<i32> {
    loop {
        let (pid, code) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => (pid, code),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, 128 + signal as i32),
            Ok(WaitStatus::StillAlive) | Err(_) => return None,
            Ok(_) => continue,
        };
        if Some(pid) == child {
            return Some(code);
        }
    }
}
