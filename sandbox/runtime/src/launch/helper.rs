//! The helper: one request in, namespaces entered, one process out.

use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use nix::sched::CloneFlags;
use rustix::process::{DumpableBehavior, Pid, PidfdFlags, pidfd_open, set_dumpable_behavior};

use super::{
    LaunchError, container, exec, files,
    message::{Report, Request, Role, Work},
    powers, workstation,
};
use crate::{
    cgroup,
    container::Reach,
    sys::{self, Fork, SingleThreaded, inherited_fd},
    wire,
};

/// What a helper was given.
pub struct Given {
    alone: SingleThreaded,
    socket: UnixStream,
    fds: Vec<(Role, OwnedFd)>,
}

/// The helper's whole life; the socket to the engine is its standard input.
#[must_use]
pub fn main() -> i32 {
    // From here to exec(2) this process, and what it clones, holds more than its container may: nothing
    // in the sandbox may trace it, or reach through /proc into its root and its descriptors.
    if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
        return 1;
    }
    let Ok(socket) = take_socket() else { return 1 };
    let Ok(Some((request, fds))) = wire::receive::<Request>(&socket) else {
        return 1;
    };
    let Ok(alone) = SingleThreaded::check() else {
        return 1;
    };
    let given = Given {
        alone,
        socket,
        fds: request.fds.into_iter().zip(fds).collect(),
    };
    match work(&given, request.work) {
        Ok(()) => 0,
        Err(error) => {
            given.report(&Report::Failed(error), &[]);
            1
        }
    }
}

/// Moves the socket off number 0, which the new process needs for its standard input. Number 0 itself
/// stays taken, so that no other descriptor lands there to be overwritten.
fn take_socket() -> io::Result<UnixStream> {
    let stdin = inherited_fd(0)?;
    let socket = rustix::io::fcntl_dupfd_cloexec(&stdin, 3)?;
    let _ = stdin.into_raw_fd();
    Ok(socket.into())
}

fn work(given: &Given, work: Work) -> Result<(), LaunchError> {
    match work {
        Work::Run(spec) => container::start(given, &spec),
        Work::Workstation(spec) => container::start_workstation(given, &spec),
        Work::Exec(spec) => exec::start(given, &spec),
        Work::Look(path) => workstation::look(given, &path),
        Work::MakeDir(path) => workstation::make_dir(given, &path),
        Work::Files(spec) => files::open(given, &spec),
    }
}

impl Given {
    /// The proof that this process has one thread.
    pub fn alone(&self) -> SingleThreaded {
        self.alone
    }

    /// The descriptor with this role, if it was sent.
    pub fn fd(&self, role: Role) -> Option<BorrowedFd<'_>> {
        self.fds
            .iter()
            .find(|(r, _)| *r == role)
            .map(|(_, fd)| fd.as_fd())
    }

    /// The descriptor with this role.
    pub fn required(&self, role: Role) -> Result<BorrowedFd<'_>, LaunchError> {
        self.fd(role)
            .ok_or_else(|| LaunchError::Helper(format!("it was given no {role:?}")))
    }

    /// Tells the engine; when the engine is gone there is nobody left to tell.
    pub fn report(&self, report: &Report, fds: &[BorrowedFd<'_>]) {
        let _ = wire::send(&self.socket, report, fds);
    }

    /// Moves the helper, and so all it starts, into the learner's cgroups.
    pub fn join_cgroups(&self) -> Result<(), LaunchError> {
        self.join(Role::Cgroup)
    }

    /// Moves the new process into its container's cgroups. Before it has a cgroup namespace of its own: on v2 those
    /// may be a boundary that no process is moved across (`nsdelegate`; cgroups(7)).
    pub fn join_own_cgroups(&self) -> Result<(), LaunchError> {
        self.join(Role::OwnCgroup)
    }

    /// The container's own cgroup directories.
    pub fn own_cgroups(&self) -> Vec<BorrowedFd<'_>> {
        let own = self.fds.iter().filter(|(role, _)| *role == Role::OwnCgroup);
        own.map(|(_, dir)| dir.as_fd()).collect()
    }

    fn join(&self, wanted: Role) -> Result<(), LaunchError> {
        for (role, dir) in &self.fds {
            if *role == wanted {
                cgroup::join(dir.as_fd()).map_err(|e| LaunchError::init("joining a cgroup", &e))?;
            }
        }
        Ok(())
    }

    /// Clones a child of the engine, in new namespaces; in it, runs `body`, which ends in exec(2).
    pub fn clone_sibling(
        &self,
        flags: CloneFlags,
        body: impl FnOnce() -> LaunchError,
    ) -> Result<(), LaunchError> {
        match self.fork(flags)? {
            Fork::Child => self.become_child(body),
            Fork::Parent(pid) => self.report_started(pid),
        }
    }

    /// As [`Self::clone_sibling`], two pid namespaces down: clone(2) makes a new one only below the
    /// caller's own, so a process between enters the outer one (setns(2) moves only children), clones, ends.
    /// The new one belongs to the user namespace that `reach` says.
    pub fn clone_sibling_below(
        &self,
        flags: CloneFlags,
        reach: Reach,
        body: impl FnOnce() -> LaunchError,
    ) -> Result<(), LaunchError> {
        match self.fork(CloneFlags::empty())? {
            Fork::Parent(pid) => {
                self.report(&Report::Between(pid), &[]);
                Ok(())
            }
            Fork::Child => self.become_child(|| {
                let cloned =
                    powers::enter(self, reach).and_then(|()| self.clone_sibling(flags, body));
                match cloned {
                    Ok(()) => std::process::exit(0),
                    Err(error) => error,
                }
            }),
        }
    }

    fn fork(&self, flags: CloneFlags) -> Result<Fork, LaunchError> {
        sys::clone_process(self.alone, flags | CloneFlags::CLONE_PARENT).map_err(
            |error| match error.raw_os_error() {
                Some(libc::EAGAIN) => LaunchError::TooManyProcesses,
                _ => LaunchError::init("cloning a process", &error),
            },
        )
    }

    fn become_child(&self, body: impl FnOnce() -> LaunchError) -> ! {
        let error = body();
        self.report(&Report::Failed(error), &[]);
        std::process::exit(1)
    }

    fn report_started(&self, pid: i32) -> Result<(), LaunchError> {
        let pid =
            Pid::from_raw(pid).ok_or_else(|| LaunchError::Helper("clone gave no pid".into()))?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty())
            .map_err(|e| LaunchError::init("opening the process", &e.into()))?;
        self.report(&Report::Started, &[pidfd.as_fd()]);
        Ok(())
    }
}
