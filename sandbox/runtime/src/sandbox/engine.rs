//! The first process inside a sandbox, up to executing the engine.

use std::{
    convert::Infallible,
    ffi::{CStr, CString},
    io,
    net::Ipv4Addr,
    os::fd::{AsFd, OwnedFd},
};

use drydock_network::link::Links;
use rustix::{
    fs::CWD,
    mount::{
        MountAttrFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, move_mount, open_tree, unmount,
    },
    process::{chdir, fchdir, pivot_root},
};

use super::{
    BuildError, BuildReport, CONTROL_FD, EngineSettings, Layout, SandboxPlan,
    builder::{FIRST_FREE_FD, Site},
    powers,
};
use crate::{
    entry,
    launch::make_fs,
    process::set_own_rlimit,
    seccomp,
    sys::{close_all_from, install_filter, keep_across_exec, reset_signals},
    wire,
};

/// The default bridge; its address is every container's gateway.
const DOCKER0: (&str, Ipv4Addr, u8) = ("docker0", Ipv4Addr::new(172, 17, 0, 1), 16);

/// glibc keeps what a burst of work freed, in an arena a thread; an idle engine is to be small again.
const ALLOCATOR: [&CStr; 2] = [c"MALLOC_ARENA_MAX=1", c"MALLOC_TRIM_THRESHOLD_=65536"];

/// Never returns to the owner's code.
pub fn run(site: &Site) -> ! {
    let error = match prepare(site).and_then(|powers| execute(site, powers.as_ref())) {
        Ok(never) => match never {},
        Err(error) => error,
    };
    let _ = wire::send(&site.server, &BuildReport::Failed(error), &[]);
    std::process::exit(1)
}

/// Answers with the namespace for containers with every capability, if there is to be one.
fn prepare(site: &Site) -> Result<Option<OwnedFd>, BuildError> {
    let plan = &site.plan;
    mount_own(plan)?;
    switch_root().map_err(BuildError::at("entering the root"))?;
    nix::unistd::sethostname(&plan.hostname)
        .map_err(|e| BuildError::at("setting the host name")(e.into()))?;
    bring_up_network().map_err(BuildError::at("bringing up the network"))?;
    let powers = plan.settings.privileged.then(|| powers::make(site.alone));
    let powers = powers.transpose().map_err(BuildError::at(
        "making the user namespace of privileged containers",
    ))?;
    // Structural, besides the filter: no user namespace can be made in this one.
    std::fs::write("/proc/sys/user/max_user_namespaces", "0")
        .map_err(BuildError::at("forbidding user namespaces"))?;
    set_own_rlimit("core", 0, 0).map_err(BuildError::at("setting limits"))?;
    Ok(powers)
}

/// `/proc` and `/sys` while the host's are still in sight: the kernel allows new ones in a user namespace
/// only where whole ones can be seen already.
fn mount_own(plan: &SandboxPlan) -> Result<(), BuildError> {
    let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let (size, inodes) = (
        plan.limits.storage.to_string(),
        plan.limits.inodes.to_string(),
    );
    let data = [
        ("mode", "755"),
        ("size", size.as_str()),
        ("nr_inodes", inodes.as_str()),
    ];
    mount_at("/proc", "proc", &[], quiet).map_err(BuildError::at("mounting /proc"))?;
    mount_at("/sys", "sysfs", &[], quiet).map_err(BuildError::at("mounting /sys"))?;
    // Programs in images keep their set-user-id bits: the layers are here.
    mount_at(
        Layout::DATA,
        "tmpfs",
        &data,
        MountAttrFlags::MOUNT_ATTR_NODEV,
    )
    .map_err(BuildError::at("mounting the storage"))
}

fn mount_at(
    at: &str,
    kind: &str,
    options: &[(&str, &str)],
    attr: MountAttrFlags,
) -> io::Result<()> {
    // The working directory is the new root still to be entered; see `root::begin`.
    let target = at.trim_start_matches('/');
    let mount = make_fs(kind, options, attr)?;
    Ok(move_mount(
        &mount,
        "",
        CWD,
        target,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )?)
}

/// A mount that came from a more privileged namespace cannot become the root itself; a copy of it can,
/// and what is mounted below stays locked.
fn switch_root() -> io::Result<()> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    let copy = open_tree(CWD, ".", flags)?;
    move_mount(&copy, "", CWD, ".", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    fchdir(&copy)?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    Ok(chdir("/")?)
}

fn bring_up_network() -> io::Result<()> {
    let links = Links::here()?;
    links.loopback_up()?;
    let (name, address, prefix) = DOCKER0;
    links.add_bridge(name, address, prefix)
}

fn execute(site: &Site, powers: Option<&OwnedFd>) -> Result<Infallible, BuildError> {
    let failed = BuildError::at("executing the engine");
    let settings = EngineSettings {
        cgroups: site.learner_cgroups.len(),
        ..site.plan.settings.clone()
    };
    let exec = || -> io::Result<Infallible> {
        let variable = format!(
            "{}={}",
            EngineSettings::VARIABLE,
            serde_json::to_string(&settings)?
        );
        let program = CString::new(Layout::EXE)?;
        let (args, env) = (
            [CString::new(entry::ENGINE)?],
            [
                CString::new(variable)?,
                ALLOCATOR[0].into(),
                ALLOCATOR[1].into(),
            ],
        );
        hand_over(site, powers)?;
        install_filter(&seccomp::sandbox_filter()?)?;
        reset_signals();
        Ok(nix::unistd::execve(&program, &args, &env)?)
    };
    exec().map_err(failed)
}

/// Only the control socket, the learner's cgroups, the Docker socket, the namespace and the locks cross into the engine. They are first
/// moved out of the way: their present numbers may be among those they are to have.
fn hand_over(site: &Site, powers: Option<&OwnedFd>) -> io::Result<()> {
    let fds = [site.control.as_fd()]
        .into_iter()
        .chain(site.learner_cgroups.iter().map(AsFd::as_fd))
        .chain(site.docker.iter().map(AsFd::as_fd))
        .chain(powers.map(AsFd::as_fd))
        .chain(site.locks.iter().map(AsFd::as_fd));
    let high = fds
        .map(|fd| rustix::io::fcntl_dupfd_cloexec(fd, FIRST_FREE_FD))
        .collect::<Result<Vec<_>, _>>()?;
    close_all_from(CONTROL_FD)?;
    for (number, fd) in (CONTROL_FD..).zip(&high) {
        keep_across_exec(fd.as_fd(), number)?;
    }
    Ok(())
}
