//! First processes of our own: they reap orphans, and forward signals to the one program they were given.

use std::{io, os::unix::process::CommandExt, process::Command};

use nix::sys::{
    signal::{SigSet, Signal, kill},
    wait::{WaitPidFlag, WaitStatus, waitpid},
};
use nix::{
    sched::CloneFlags,
    unistd::{Pid, getpgrp, setpgid, tcsetpgrp},
};

use crate::sys::{Fork, SingleThreaded, clone_process};

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
    // Blocked before there is somebody to forward to: a signal that comes now waits.
    let (Ok(alone), Ok(())) = (SingleThreaded::check(), signals.thread_block()) else {
        return 1;
    };
    let child = match clone_process(alone, CloneFlags::empty()) {
        Ok(Fork::Child) => become_program(program, rest),
        Ok(Fork::Parent(child)) => Pid::from_raw(child),
        Err(error) => {
            eprintln!("docker-init: {program}: {error}");
            return 126;
        }
    };
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

/// A process group of its own, in the foreground of the terminal if there is one: ^C is for the program, which would
/// else get it twice. SIGTTOU, which asking for the foreground from the background brings, is still blocked.
fn become_program(program: &str, args: &[String]) -> ! {
    let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    let _ = tcsetpgrp(io::stdin(), getpgrp());
    let _ = SigSet::all().thread_unblock();
    let error = Command::new(program).args(args).exec();
    eprintln!("docker-init: {program}: {error}");
    let missing = error.kind() == io::ErrorKind::NotFound;
    std::process::exit(if missing { 127 } else { 126 })
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
