//! The gate's namespaces, and the directory where pasta finds them.

use std::{
    fs::{self, File},
    io,
    net::Ipv4Addr,
    os::{
        fd::{AsFd, AsRawFd as _, OwnedFd},
        unix::net::UnixStream,
    },
};

use drydock_network::link::Links;
use nix::{
    sched::{CloneFlags, unshare},
    unistd::{Gid, Uid, setgroups, setresgid, setresuid},
};
use rustix::{
    mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change},
    process::{DumpableBehavior, set_dumpable_behavior},
};

use super::{EgressPlan, EgressReport};
use crate::{
    sandbox::BuildError,
    sys::{self, Fork, SingleThreaded},
    wire,
};

/// Every host has it, whoever pasta runs as may pass through it, and in this mount namespace it is ours alone.
pub const PLACE: &str = "/tmp";

/// The gate.
pub struct Gate {
    pub user: OwnedFd,
    pub net: OwnedFd,
}

/// The sandbox's last id: nothing on the host belongs to it.
pub fn owner(root: u32) -> u32 {
    root + 65_534
}

/// A small directory that only this process and its children see.
pub fn private_mounts() -> io::Result<()> {
    let private = MountPropagationFlags::REC | MountPropagationFlags::PRIVATE;
    mount_change("/", private)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount(
        "tmpfs",
        PLACE,
        "tmpfs",
        flags,
        c"mode=755,size=1m,nr_inodes=64",
    )?;
    Ok(())
}

/// Shows a namespace under a name: a descriptor would not outlive the start of a newer pasta, which closes all.
pub fn show(name: &str, namespace: &OwnedFd) -> io::Result<()> {
    let path = format!("{PLACE}/{name}");
    File::create(&path)?;
    let link = format!("/proc/self/fd/{}", namespace.as_raw_fd());
    Ok(mount_bind(link, path)?)
}

/// From here on pasta asks `server`.
pub fn use_name_server(server: Ipv4Addr) -> io::Result<()> {
    let path = format!("{PLACE}/resolv.conf");
    fs::write(&path, format!("nameserver {server}\n"))?;
    match mount_bind(&path, "/etc/resolv.conf") {
        // A host without one has no names at all.
        Err(rustix::io::Errno::NOENT) => Ok(()),
        done => Ok(done?),
    }
}

/// A user namespace of one id, and the network namespace that it owns.
pub fn make(plan: &EgressPlan, alone: SingleThreaded) -> Result<Gate, BuildError> {
    let (here, there) = UnixStream::pair().map_err(BuildError::at("making a socket"))?;
    match sys::clone_process(alone, CloneFlags::empty())
        .map_err(BuildError::at("cloning a process"))?
    {
        Fork::Child => {
            drop(here);
            std::process::exit(tell(&there, plan))
        }
        Fork::Parent(_) => {
            drop(there);
            take(&here)
        }
    }
}

fn take(maker: &UnixStream) -> Result<Gate, BuildError> {
    let received =
        wire::receive::<EgressReport>(maker).map_err(BuildError::at("making the gate"))?;
    match received {
        Some((EgressReport::Ready, fds)) => match <[OwnedFd; 2]>::try_from(fds) {
            Ok([user, net]) => Ok(Gate { user, net }),
            Err(_) => Err(lost()),
        },
        Some((EgressReport::Failed(error), _)) => Err(error),
        None => Err(lost()),
    }
}

fn lost() -> BuildError {
    BuildError::at("making the gate")(io::ErrorKind::UnexpectedEof.into())
}

fn tell(here: &UnixStream, plan: &EgressPlan) -> i32 {
    let made = split_off(plan).map_err(BuildError::at("making the gate"));
    let sent = match &made {
        Ok(gate) => wire::send(
            here,
            &EgressReport::Ready,
            &[gate.user.as_fd(), gate.net.as_fd()],
        ),
        Err(error) => wire::send(here, &EgressReport::Failed(error.clone()), &[]),
    };
    i32::from(made.is_err() || sent.is_err())
}

fn split_off(plan: &EgressPlan) -> io::Result<Gate> {
    let id = match plan.owner.map(owner) {
        Some(id) => {
            setgroups(&[])?;
            setresgid(Gid::from_raw(id), Gid::from_raw(id), Gid::from_raw(id))?;
            setresuid(Uid::from_raw(id), Uid::from_raw(id), Uid::from_raw(id))?;
            // Its own `/proc/self` is root's otherwise; see prctl(2), PR_SET_DUMPABLE.
            set_dumpable_behavior(DumpableBehavior::Dumpable)?;
            id
        }
        None => 0,
    };
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)?;
    // One's own id may be mapped by oneself; user_namespaces(7).
    fs::write("/proc/self/setgroups", "deny")?;
    for file in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/self/{file}"), format!("0 {id} 1"))?;
    }
    Links::here()?.loopback_up()?;
    Ok(Gate {
        user: File::open("/proc/self/ns/user")?.into(),
        net: File::open("/proc/self/ns/net")?.into(),
    })
}
