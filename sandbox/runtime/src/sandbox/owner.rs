//! The owner of a sandbox's namespaces: a process that has become the sandbox's own id.

use std::{
    io::{self, Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
};

use nix::{
    sched::{CloneFlags, unshare},
    unistd::{Gid, Uid, setgroups, setresgid, setresuid},
};
use rustix::{
    process::{Pid, PidfdFlags, pidfd_open},
    thread::{CapabilitySet, CapabilitySets, set_capabilities, set_keep_capabilities},
};

use super::{BuildError, BuildReport, builder::Site, engine};
use crate::{
    cgroup::ENGINE_PIDS,
    sys::{self, Fork},
    wire,
};

/// Never returns to the builder's code.
pub fn run(site: &Site, builder: UnixStream) -> ! {
    let code = match make_namespaces(site, builder).and_then(|()| start_engine(site)) {
        Ok(()) => 0,
        Err(error) => {
            let _ = wire::send(&site.server, &BuildReport::Failed(error), &[]);
            1
        }
    };
    std::process::exit(code)
}

fn make_namespaces(site: &Site, mut builder: UnixStream) -> Result<(), BuildError> {
    become_owner(site).map_err(BuildError::at("becoming the sandbox's id"))?;
    unshare(CloneFlags::CLONE_NEWUSER)
        .map_err(|e| BuildError::at("making a user namespace")(e.into()))?;
    builder
        .write_all(b"u")
        .map_err(BuildError::at("waking the builder"))?;
    // End of file: the builder has failed, and has said why itself.
    if builder.read_exact(&mut [0]).is_err() {
        std::process::exit(1);
    }
    let inside = |e: nix::Error| BuildError::at("becoming root inside")(e.into());
    setresgid(Gid::from_raw(0), Gid::from_raw(0), Gid::from_raw(0)).map_err(inside)?;
    setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0)).map_err(inside)?;
    let mut all = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    // On v2 the engine's group would be its root, and no process could be moved from there to the learner's
    // (`nsdelegate`; cgroups(7)). What is started inside has a namespace of its own in any case.
    if !site.plan.cgroup.is_v2() {
        all |= CloneFlags::CLONE_NEWCGROUP;
    }
    unshare(all).map_err(|e| BuildError::at("making namespaces")(e.into()))
}

/// The user namespace must be *this* id's: kernel pools that are counted a user (inotify, keys, pipes,
/// pending signals) are charged to whoever made the namespace, and root's would be shared by all.
/// CAP_SYS_ADMIN stays over the change, for hosts where AppArmor asks for it.
fn become_owner(site: &Site) -> io::Result<()> {
    let (uid, gid) = (
        Uid::from_raw(site.plan.ids.base),
        Gid::from_raw(site.plan.ids.base),
    );
    if site.plan.cgroup.is_none() {
        // Without a pids controller: counted a user namespace, if set before it is made.
        let (_, most) = crate::process::rlimit_facts("nproc").unwrap_or((0, u64::MAX));
        let pids = (site.plan.limits.pids + ENGINE_PIDS).min(most);
        crate::process::set_own_rlimit("nproc", pids, pids)?;
    }
    set_keep_capabilities(true)?;
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    let admin = CapabilitySet::SYS_ADMIN;
    let sets = CapabilitySets {
        effective: admin,
        permitted: admin,
        inheritable: CapabilitySet::empty(),
    };
    Ok(set_capabilities(None, sets)?)
}

fn start_engine(site: &Site) -> Result<(), BuildError> {
    let forked = sys::clone_process(site.alone, CloneFlags::empty());
    match forked.map_err(BuildError::at("cloning the engine"))? {
        Fork::Child => engine::run(site),
        Fork::Parent(pid) => {
            let gone = || io::Error::from_raw_os_error(libc::ESRCH);
            let pidfd = Pid::from_raw(pid)
                .ok_or_else(gone)
                .and_then(|pid| Ok(pidfd_open(pid, PidfdFlags::empty())?))
                .map_err(BuildError::at("opening the engine's process"))?;
            wire::send(&site.server, &BuildReport::Started, &[pidfd.as_fd()])
                .map_err(BuildError::at("reporting"))
        }
    }
}
