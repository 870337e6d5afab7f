//! The end of everything in a container's groups; `cgroup-v2.rst` of the kernel, cgroups(7).

use std::io;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::{ContainerGroup, Version, values};
use crate::process;

/// Rounds of killing whatever was forked meanwhile; frozen processes fork nothing, so one is enough where there is a freezer.
const ROUNDS: usize = 64;

impl ContainerGroup {
    /// Kills all processes: those of a container whose process numbers are another's do not end with its first one.
    /// Whoever is left is no parent's child of ours, so nobody is waited for. Blocks.
    ///
    /// # Errors
    /// As open(2) and write(2) on the group's files; `TimedOut` when processes are made faster than they are killed.
    pub fn kill(&self) -> io::Result<()> {
        match self.version() {
            Version::V2 => values::write(&self.dirs, "cgroup.kill", "1"),
            Version::V1 => {
                // Where it cannot be had, the rounds do.
                let _ = self.freeze();
                let killed = self.kill_in_rounds();
                let _ = self.thaw();
                killed
            }
        }
    }

    fn kill_in_rounds(&self) -> io::Result<()> {
        let mut told = Vec::new();
        for _ in 0..ROUNDS {
            let listed = values::read(&self.dirs, "cgroup.procs").unwrap_or_default();
            let pids = listed.lines().filter_map(|line| line.parse::<i32>().ok());
            let fresh: Vec<i32> = pids.filter(|pid| !told.contains(pid)).collect();
            if fresh.is_empty() {
                return Ok(());
            }
            for pid in fresh {
                kill_one(pid);
                told.push(pid);
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

/// One that has ended meanwhile is as good.
fn kill_one(pid: i32) {
    let Some(pid) = Pid::from_raw(pid) else {
        return;
    };
    if let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) {
        let _ = process::signal(std::os::fd::AsFd::as_fd(&pidfd), libc::SIGKILL);
    }
}
