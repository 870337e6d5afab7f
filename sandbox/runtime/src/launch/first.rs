//! The new process, from clone(2) to exec(2). It only ever returns to say what went wrong.

use std::{
    convert::Infallible,
    io,
    os::fd::{AsFd, BorrowedFd},
    path::Path,
};

use nix::sched::{CloneFlags, unshare};
use rustix::{
    mount::{MountAttrFlags, UnmountFlags, unmount},
    process::{chdir, getcwd, pivot_root},
};

use super::{
    LaunchError, cgroupfs,
    error::reason,
    helper::Given,
    identity::{self, Identity},
    masks, program,
    rootfs::{NEW_ROOT, attach, make_fs},
    stdio,
};
use crate::{
    capability::Capabilities,
    container::{ProcessSpec, Reach, Seccomp},
    process::{rlimit_facts, set_own_rlimit},
    seccomp,
    sys::{MountAttr, close_all_from, install_filter, mount_setattr, reset_signals},
};

/// What the first process of a container needs to know.
pub struct First<'a> {
    pub given: &'a Given,
    pub root: BorrowedFd<'a>,
    /// Host and domain name, unless they are another's.
    pub names: Option<(&'a str, &'a str)>,
    pub readonly_rootfs: bool,
    pub masked: bool,
    /// Nothing else is mounted where its cgroups are to be seen.
    pub shows_cgroups: bool,
    pub process: &'a ProcessSpec,
}

/// Makes this process the container's first.
pub fn run(first: &First<'_>) -> LaunchError {
    match prepare(first).and_then(|()| become_program(first.given, first.process, Entered::Fresh)) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn prepare(first: &First<'_>) -> Result<(), LaunchError> {
    let step = |stage: &'static str| move |e: io::Error| LaunchError::init(stage, &e);
    first.given.join_own_cgroups()?;
    unshare(CloneFlags::CLONE_NEWCGROUP)
        .map_err(|e| step("making a cgroup namespace")(e.into()))?;
    mount_proc(first.root).map_err(step("mounting /proc"))?;
    if first.shows_cgroups {
        cgroupfs::mount(first.root, &first.given.own_cgroups(), !first.masked)
            .map_err(step("mounting /sys/fs/cgroup"))?;
    }
    if first.masked {
        masks::apply(first.root).map_err(step("masking /proc"))?;
    }
    if let Some((host, domain)) = first.names {
        nix::unistd::sethostname(host).map_err(|e| LaunchError::Hostname(reason(&e.into())))?;
        if !domain.is_empty() {
            rustix::system::setdomainname(domain.as_bytes())
                .map_err(|e| step("setting the domain name")(e.into()))?;
        }
    }
    switch_root().map_err(step("entering the root file system"))?;
    if first.readonly_rootfs {
        let root = rustix::fs::open(
            "/",
            rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )
        .map_err(|e| step("opening the root")(e.into()))?;
        mount_setattr(
            root.as_fd(),
            MountAttr {
                read_only: true,
                ..MountAttr::default()
            },
        )
        .map_err(step("making the root read-only"))?;
    }
    Ok(())
}

fn mount_proc(root: BorrowedFd<'_>) -> io::Result<()> {
    let attr = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    attach(root, Path::new("/proc"), &make_fs("proc", &[], attr)?)
}

/// pivot_root(2) onto itself, as its manual page describes: the old root ends up on top and goes.
fn switch_root() -> io::Result<()> {
    chdir(NEW_ROOT)?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")?;
    must_be_inside()
}

/// A working directory outside the root is a way out of the container; getcwd(3) marks it.
fn must_be_inside() -> io::Result<()> {
    if getcwd(Vec::new())?.as_bytes().starts_with(b"/") {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the working directory is outside the container",
        ))
    }
}

/// How a process came into its container.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// As its first process.
    Fresh,
    /// By setns(2).
    Joined,
}

/// From being inside a container as its root to running the program as the right user.
pub fn become_program(
    given: &Given,
    process: &ProcessSpec,
    entered: Entered,
) -> Result<Infallible, LaunchError> {
    let step = |stage: &'static str| move |e: io::Error| LaunchError::init(stage, &e);
    // Whatever was asked for: the engine refuses more by name, this room never gives it.
    let most = match process.reach {
        Reach::Sandbox => Capabilities::ceiling(),
        Reach::Container => Capabilities::all(),
    };
    let process = &ProcessSpec {
        capabilities: process.capabilities.within(most),
        ..process.clone()
    };
    if entered == Entered::Joined {
        must_be_inside().map_err(step("entering the container"))?;
    }
    rustix::process::setsid().map_err(|e| step("starting a session")(e.into()))?;
    let identity = Identity::look_up(&process.user, &process.groups)?;
    stdio::set_up(given, process.tty, &identity)?;
    chdir(process.cwd.as_str()).map_err(|e| LaunchError::Cwd {
        cwd: process.cwd.clone(),
        reason: reason(&e.into()),
    })?;
    set_rlimits(process)?;
    let env = program::environment(process, &identity);
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    drop_rights(process, &identity)?;
    let path = program::find(&process.args, &env, &process.cwd)?;
    close_all_from(3).map_err(step("closing files"))?;
    reset_signals();
    program::execute(&path, &process.args, &env)
}

/// In this order: the filter while CAP_SYS_ADMIN is there (it must not need no_new_privs), the bounding
/// set while CAP_SETPCAP is, the ids while CAP_SETUID is, then the capabilities that stay.
fn drop_rights(process: &ProcessSpec, identity: &Identity) -> Result<(), LaunchError> {
    let step = |stage: &'static str| move |e: io::Error| LaunchError::init(stage, &e);
    if process.no_new_privileges {
        rustix::thread::set_no_new_privs(true)
            .map_err(|e| step("setting no_new_privs")(e.into()))?;
    }
    if process.seccomp == Seccomp::Default {
        let filter = seccomp::container_filter(process.capabilities)
            .map_err(step("compiling the filter"))?;
        install_filter(&filter).map_err(step("installing the filter"))?;
    }
    identity::drop_bounding(process.capabilities).map_err(step("dropping capabilities"))?;
    identity.assume().map_err(step("changing user"))?;
    let kept = if identity.uid == 0 {
        process.capabilities
    } else {
        Capabilities::none()
    };
    identity::keep_only(kept).map_err(step("setting capabilities"))
}

/// A sandbox's root cannot raise limits: one above the sandbox's own is refused, with the number.
fn set_rlimits(process: &ProcessSpec) -> Result<(), LaunchError> {
    for limit in &process.rlimits {
        let (number, most) = rlimit_facts(&limit.name).unwrap_or((u32::MAX, u64::MAX));
        set_own_rlimit(&limit.name, limit.soft, limit.hard).map_err(|error| {
            let mut why = reason(&error);
            if limit.hard > most {
                why = format!("{why}: the sandbox's own limit of {} is {most}", limit.name);
            }
            LaunchError::Rlimit {
                number,
                reason: why,
            }
        })?;
    }
    Ok(())
}
