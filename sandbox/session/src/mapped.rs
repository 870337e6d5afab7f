//! The user namespace of a server that is an ordinary user: in it, its helpers are root over the ids that
//! newuidmap(1) maps, and over the user's own files.

use std::{
    io::{self, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    process::{Child, Command, Stdio},
    time::Duration,
};

use drydock_runtime::{entry, sandbox::RANGE};

use crate::{SessionError, host::is_root, subid};

/// newuidmap and newgidmap take milliseconds.
const DEADLINE: Duration = Duration::from_secs(10);

/// A process of this program with the rights to work on the store, and the socket that is its standard input.
#[derive(Debug)]
pub struct Helper {
    /// The process.
    pub child: Child,
    /// The other end of its standard input.
    pub socket: UnixStream,
}

/// Starts this program under the name `name`: as it is when the server is root, else as root of the
/// mapped user namespace.
///
/// # Errors
/// It cannot be started, or its ids cannot be mapped.
pub fn spawn(
    name: &str,
    args: &[&str],
    output: Stdio,
    errors: Stdio,
) -> Result<Helper, SessionError> {
    let (mut socket, theirs) = UnixStream::pair().map_err(SessionError::Spawn)?;
    let mut command = Command::new("/proc/self/exe");
    command
        .stdin(OwnedFd::from(theirs))
        .stdout(output)
        .stderr(errors);
    if is_root() {
        command.arg0(name).args(args);
    } else {
        command.arg0(entry::MAPPED).arg(name).args(args);
    }
    let mut child = command.spawn().map_err(SessionError::Spawn)?;
    drop(command);
    if !is_root()
        && let Err(error) = map(&mut socket, child.id())
    {
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    Ok(Helper { child, socket })
}

/// Ids 0 to 65,535 are the subordinate ones; the one above is the user's own, so that the helper may
/// pass through the user's directories. Sandboxes never see that one.
fn map(socket: &mut UnixStream, pid: u32) -> Result<(), SessionError> {
    let (uids, gids) = subid::ranges()?;
    socket
        .set_read_timeout(Some(DEADLINE))
        .map_err(SessionError::Spawn)?;
    socket.read_exact(&mut [0]).map_err(SessionError::Spawn)?;
    run_mapper("newuidmap", pid, uids, nix::unistd::geteuid().as_raw())?;
    run_mapper("newgidmap", pid, gids, nix::unistd::getegid().as_raw())?;
    socket.write_all(b"m").map_err(SessionError::Spawn)?;
    socket.set_read_timeout(None).map_err(SessionError::Spawn)
}

fn run_mapper(program: &'static str, pid: u32, first: u32, own: u32) -> Result<(), SessionError> {
    let numbers = [pid, 0, first, RANGE, RANGE, own, 1].map(|n| n.to_string());
    let failed = |reason: String| SessionError::IdMap { program, reason };
    let done = Command::new(program)
        .args(numbers)
        .output()
        .map_err(|e| failed(e.to_string()))?;
    if done.status.success() {
        Ok(())
    } else {
        Err(failed(
            String::from_utf8_lossy(&done.stderr).trim().to_owned(),
        ))
    }
}

/// The life of such a process: a user namespace, then the program under its real name.
#[must_use]
pub fn main(args: &[String]) -> i32 {
    match enter(args) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("drydock: entering the user namespace: {error}");
            1
        }
    }
}

fn enter(args: &[String]) -> io::Result<std::convert::Infallible> {
    let (name, rest) = args.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER)?;
    let mut server = UnixStream::from(rustix::io::dup(rustix::stdio::stdin())?);
    server.write_all(b"u")?;
    server.read_exact(&mut [0])?;
    drop(server);
    let (uid, gid) = (nix::unistd::Uid::from_raw(0), nix::unistd::Gid::from_raw(0));
    nix::unistd::setgroups(&[])?;
    nix::unistd::setresgid(gid, gid, gid)?;
    nix::unistd::setresuid(uid, uid, uid)?;
    Err(Command::new("/proc/self/exe").arg0(name).args(rest).exec())
}
