//! A sandbox's way out: two pasta(1) processes with a network namespace between them, the gate.
//!
//! ```text
//! host ◀── pasta ◀── out0 │ gate: routes │ ◀── pasta ◀── egress0 │ sandbox
//! ```
//! A learner may be root over the sandbox's network, so nothing in there can hold them back. The gate is owned by
//! whoever keeps the sandbox: its routes lead to no private, local or metadata address and to none of the host's own,
//! and the inner pasta opens its connections in there. There is no IPv6 in it at all. Nothing leads in: no port is
//! forwarded in either direction.
//!
//! Three processes, one after the other: the helper as the server starts it ([`main`]) opens the sandbox's namespaces;
//! its child is the first process of a pid namespace, lays out the gate ([`gate`]) and starts the pastas ([`pasta`]).
//! Then the helper ends. When the engine or one of the pastas ends the child does too, and the kernel takes the rest.

mod gate;
mod pasta;

use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::Child,
};

use drydock_network::{
    egress::{GATE, INSIDE, REFUSED, own_addresses},
    link::Links,
};
use nix::sched::{CloneFlags, setns};
use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, pidfd_open},
};
use serde::{Deserialize, Serialize};

use crate::{
    sandbox::BuildError,
    sys::{self, Fork, SingleThreaded, inherited_fd},
    wire,
};

/// What the helper is asked for. The engine's pidfd is beside the message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EgressPlan {
    /// The engine's process.
    pub engine: i32,
    /// The host's user that is root in the sandbox; `None` when the server is an ordinary user: then the pastas run as
    /// the root of its user namespace.
    pub owner: Option<u32>,
}

/// What the helper answers, once.
#[derive(Debug, Serialize, Deserialize)]
pub enum EgressReport {
    /// The way is there.
    Ready,
    /// It came to nothing.
    Failed(BuildError),
}

/// The sandbox's namespaces, and its engine.
struct Sandbox {
    user: OwnedFd,
    net: OwnedFd,
    engine: OwnedFd,
}

/// The helper's whole life; the socket to the server is its standard input.
#[must_use]
pub fn main() -> i32 {
    let Ok(server) = inherited_fd(0).map(UnixStream::from) else {
        return 1;
    };
    match begin(&server) {
        Ok(()) => 0,
        Err(error) => {
            let _ = wire::send(&server, &EgressReport::Failed(error), &[]);
            1
        }
    }
}

fn begin(server: &UnixStream) -> Result<(), BuildError> {
    let reading = BuildError::at("reading the plan");
    let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let received = wire::receive::<EgressPlan>(server).and_then(|it| it.ok_or_else(gone));
    let (plan, mut fds) = received.map_err(reading)?;
    let engine = fds.pop().ok_or_else(gone);
    let engine = engine.map_err(BuildError::at("taking the engine's process"))?;
    let sandbox =
        open(&plan, engine).map_err(BuildError::at("opening the sandbox's namespaces"))?;
    let alone = SingleThreaded::check().map_err(BuildError::at("counting threads"))?;
    // The server's terminal sends it no signals, and its end does not end it.
    let _ = rustix::process::setsid();
    let flags = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS;
    match sys::clone_process(alone, flags).map_err(BuildError::at("cloning a process"))? {
        Fork::Parent(_) => Ok(()),
        Fork::Child => std::process::exit(keep(server, &plan, &sandbox, alone)),
    }
}

fn open(plan: &EgressPlan, engine: OwnedFd) -> io::Result<Sandbox> {
    let open = |name: &str| File::open(format!("/proc/{}/ns/{name}", plan.engine));
    let sandbox = Sandbox {
        user: open("user")?.into(),
        net: open("net")?.into(),
        engine,
    };
    // Still alive, so the number was its own.
    match ended(&sandbox.engine)? {
        true => Err(io::Error::from_raw_os_error(libc::ESRCH)),
        false => Ok(sandbox),
    }
}

fn ended(process: &OwnedFd) -> io::Result<bool> {
    let mut fds = [PollFd::new(process, PollFlags::IN)];
    let now = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    Ok(poll(&mut fds, Some(&now))? > 0)
}

/// The child's whole life.
fn keep(server: &UnixStream, plan: &EgressPlan, sandbox: &Sandbox, alone: SingleThreaded) -> i32 {
    match build(plan, sandbox, alone) {
        Ok(pastas) => {
            let _ = wire::send(server, &EgressReport::Ready, &[]);
            // The server waits for the end of the conversation.
            let _ = rustix::net::shutdown(server, rustix::net::Shutdown::Both);
            watch(sandbox, pastas)
        }
        Err(error) => {
            let _ = wire::send(server, &EgressReport::Failed(error), &[]);
            1
        }
    }
}

fn build(
    plan: &EgressPlan,
    sandbox: &Sandbox,
    alone: SingleThreaded,
) -> Result<[Child; 2], BuildError> {
    let host =
        File::open("/proc/self/ns/net").map_err(BuildError::at("opening the host's network"))?;
    let own = std::fs::read_to_string("/proc/net/fib_trie")
        .map_err(BuildError::at("reading the host's addresses"))?;
    gate::private_mounts().map_err(BuildError::at("making a private directory"))?;
    let gate = gate::make(plan, alone)?;
    let show = BuildError::at("showing the namespaces");
    gate::show("gate", &gate.net)
        .and_then(|()| gate::show("gate-user", &gate.user))
        .and_then(|()| gate::show("net", &sandbox.net))
        .and_then(|()| gate::show("user", &sandbox.user))
        .map_err(show)?;
    let outer = pasta::start(&GATE, ("gate", "gate-user"), plan.owner.map(gate::owner))?;
    enter(&gate.net)?;
    refuse(&own_addresses(&own)).map_err(BuildError::at("closing private networks"))?;
    gate::use_name_server(GATE.dns).map_err(BuildError::at("naming the name server"))?;
    let inner = pasta::start(&INSIDE, ("net", "user"), plan.owner)?;
    // So that a learner is told at once, not after a wait; nothing depends on it.
    enter(&sandbox.net)?;
    refuse(&[]).map_err(BuildError::at("saying what is closed"))?;
    enter(&host)?;
    Ok([outer, inner])
}

fn enter(network: impl AsFd) -> Result<(), BuildError> {
    setns(network, CloneFlags::CLONE_NEWNET)
        .map_err(|error| BuildError::at("entering a network namespace")(error.into()))
}

/// Closes, in this network namespace, what the way out must not lead to.
fn refuse(hosts: &[std::net::Ipv4Addr]) -> io::Result<()> {
    let links = Links::here()?;
    let hosts = hosts.iter().map(|&address| (address, 32));
    for (network, prefix) in REFUSED.into_iter().chain(hosts) {
        links.refuse(network, prefix)?;
    }
    Ok(())
}

/// Until something ends. As the first process of the pid namespace it takes all others along.
fn watch(sandbox: &Sandbox, pastas: [Child; 2]) -> i32 {
    let pidfd = |child: &Child| -> io::Result<OwnedFd> {
        let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = number.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(pidfd_open(pid, PidfdFlags::empty())?)
    };
    let [Ok(outer), Ok(inner)] = pastas.each_ref().map(pidfd) else {
        return 1;
    };
    let mut fds = [&sandbox.engine, &outer, &inner].map(|fd| PollFd::new(fd, PollFlags::IN));
    while let Err(rustix::io::Errno::INTR) = poll(&mut fds, None) {}
    0
}
