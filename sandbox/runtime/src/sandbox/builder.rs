//! The builder: everything that needs the rights of whoever runs the server.

use std::{
    fs,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, IntoRawFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use nix::sched::{CloneFlags, unshare};
use rustix::mount::{MountPropagationFlags, mount_change};

use super::{BuildError, BuildReport, SandboxPlan, owner, root};
use crate::{
    cgroup::{self, Group},
    sys::{self, Fork, SingleThreaded, inherited_fd},
    wire,
};

/// Descriptors from here on are in nobody's way.
pub const FIRST_FREE_FD: i32 = 64;

/// What the later processes inherit from the builder.
pub struct Site {
    pub plan: SandboxPlan,
    pub server: UnixStream,
    pub control: OwnedFd,
    pub docker: Option<OwnedFd>,
    /// Held open by the engine for as long as the sandbox lives: the locks say that its directory and its
    /// id range are in use.
    pub locks: Vec<OwnedFd>,
    pub learner_cgroups: Vec<OwnedFd>,
    pub alone: SingleThreaded,
}

/// The builder's whole life; the socket to the server is its standard input.
#[must_use]
pub fn main() -> i32 {
    let Ok(server) = take_server() else {
        return 1;
    };
    let failed = |error| {
        let _ = wire::send(&server, &BuildReport::Failed(error), &[]);
        1
    };
    match open_site(&server).and_then(|site| build(&site)) {
        Ok(()) => 0,
        Err(error) => failed(error),
    }
}

/// Moves the socket out of the way of the numbers that the engine is to find its own descriptors at, and
/// leaves `/dev/null` at 0: the engine must not hold the socket open.
fn take_server() -> io::Result<UnixStream> {
    let stdin = inherited_fd(0)?;
    let server = rustix::io::fcntl_dupfd_cloexec(&stdin, FIRST_FREE_FD)?;
    sys::keep_across_exec(fs::File::open("/dev/null")?.as_fd(), 0)?;
    let _ = stdin.into_raw_fd();
    Ok(server.into())
}

fn open_site(server: &UnixStream) -> Result<Site, BuildError> {
    let received =
        wire::receive::<SandboxPlan>(server).map_err(BuildError::at("reading the plan"))?;
    let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (plan, fds) = received
        .ok_or_else(gone)
        .map_err(BuildError::at("reading the plan"))?;
    let mut fds = fds.into_iter();
    let control = fds
        .next()
        .ok_or_else(gone)
        .map_err(BuildError::at("taking the control socket"))?;
    let learner_cgroups =
        Group::open(&plan.cgroup.learner_dirs()).map_err(BuildError::at("opening the cgroups"))?;
    Ok(Site {
        server: server
            .try_clone()
            .map_err(BuildError::at("keeping the socket"))?,
        control,
        docker: if plan.settings.docker_socket {
            fds.next()
        } else {
            None
        },
        locks: fds.collect(),
        learner_cgroups,
        alone: SingleThreaded::check().map_err(BuildError::at("counting threads"))?,
        plan,
    })
}

fn build(site: &Site) -> Result<(), BuildError> {
    // A session of its own: the server's terminal sends it no signals. EPERM says that it leads one already.
    let _ = rustix::process::setsid();
    join_outer_cgroup(site)?;
    let owner = site.plan.ids.base;
    site.plan
        .cgroup
        .give_learner_to(owner)
        .map_err(BuildError::at("handing over the cgroups"))?;
    unshare(CloneFlags::CLONE_NEWNS)
        .map_err(|e| BuildError::at("making a mount namespace")(e.into()))?;
    mount_change(
        "/",
        MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
    )
    .map_err(|e| BuildError::at("making mounts private")(e.into()))?;
    let root = root::begin(&site.plan)?;
    let (mut here, there) = UnixStream::pair().map_err(BuildError::at("making a socket"))?;
    let forked = sys::clone_process(site.alone, CloneFlags::empty());
    match forked.map_err(BuildError::at("cloning a process"))? {
        Fork::Child => {
            drop(here);
            owner::run(site, there)
        }
        Fork::Parent(pid) => {
            drop(there);
            wait_for_namespace(&mut here)?;
            map_ids(site, pid)?;
            let namespace = fs::File::open(format!("/proc/{pid}/ns/user"))
                .map_err(BuildError::at("opening the user namespace"))?;
            root::fill(&site.plan, &root, namespace.as_fd())?;
            here.write_all(b"g")
                .map_err(BuildError::at("waking the owner"))
        }
    }
}

fn join_outer_cgroup(site: &Site) -> Result<(), BuildError> {
    let dirs = Group::open(&site.plan.cgroup.engine_dirs())
        .map_err(BuildError::at("opening the cgroups"))?;
    dirs.iter()
        .try_for_each(|dir| cgroup::join(dir.as_fd()))
        .map_err(BuildError::at("joining the cgroups"))
}

/// The owner says so when its user namespace is there; if it cannot make one it reports and closes.
fn wait_for_namespace(owner: &mut UnixStream) -> Result<(), BuildError> {
    owner
        .read_exact(&mut [0])
        .map_err(BuildError::at("waiting for the user namespace"))
}

fn map_ids(site: &Site, pid: i32) -> Result<(), BuildError> {
    let line = site.plan.ids.map_line();
    for file in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{pid}/{file}"), &line)
            .map_err(BuildError::at("mapping the ids"))?;
    }
    Ok(())
}
