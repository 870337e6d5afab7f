//! One pasta(1): from the network namespace that it is started in to another.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::{
        fd::AsFd as _,
        unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    },
    process::{Child, Command, Stdio},
};

use drydock_network::egress::Hop;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{CWD, FileType, Mode, mknodat},
};

use super::gate::PLACE;
use crate::sandbox::BuildError;

/// It takes some tens of milliseconds; this is for a host in distress.
const DEADLINE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

/// Nothing is forwarded in either direction, nothing is served but names, and there is no IPv6.
const CLOSED: [&str; 16] = [
    "--tcp-ports",
    "none",
    "--udp-ports",
    "none",
    "--tcp-ns",
    "none",
    "--udp-ns",
    "none",
    "--no-map-gw",
    "--no-icmp",
    "--no-dhcp",
    "--no-dhcpv6",
    "--no-ndp",
    "--no-ra",
    "--ipv4-only",
    "--config-net",
];

/// Starts one, and waits until traffic flows: it goes to the namespaces that are shown under `names`, and runs as the
/// host's user `owner`.
pub fn start(
    hop: &Hop,
    (net, user): (&str, &str),
    owner: Option<u32>,
) -> Result<Child, BuildError> {
    let failed = |error: io::Error| BuildError {
        stage: "starting pasta".into(),
        reason: match error.kind() {
            io::ErrorKind::NotFound => "it is not installed (Debian: apt install passt)".into(),
            _ => error.to_string(),
        },
        errno: error.raw_os_error(),
    };
    let begun = format!("{PLACE}/{}.pid", hop.interface);
    let said = format!("{PLACE}/{}.log", hop.interface);
    // A pipe: it can be waited for, and it ends if pasta ends.
    let mut pipe = make_pipe(&begun).map_err(failed)?;
    let log = File::create(&said).map_err(failed)?;
    let mut command = Command::new("pasta");
    command
        .args(["--foreground", "--quiet"])
        .args(CLOSED)
        .args(["--ns-ifname", hop.interface])
        .args(["--address", &hop.address.to_string()])
        .args(["--netmask", &hop.prefix.to_string()])
        .args(["--gateway", &hop.gateway.to_string()])
        .args(["--dns-forward", &hop.dns.to_string()])
        .args(["--pid", &begun])
        .args(["--netns", &format!("{PLACE}/{net}")])
        .args(["--userns", &format!("{PLACE}/{user}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    if let Some(owner) = owner {
        command.args(["--runas", &format!("{owner}:{owner}")]);
    }
    let mut child = command.spawn().map_err(failed)?;
    match wait(&mut pipe, &mut child).map_err(failed)? {
        true => Ok(child),
        false => {
            let _ = child.kill();
            let _ = child.wait();
            Err(BuildError {
                stage: "starting pasta".into(),
                reason: last_words(&said),
                errno: None,
            })
        }
    }
}

fn make_pipe(path: &str) -> io::Result<File> {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
    // Also for writing, so that it is not at its end before pasta has opened it.
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits();
    let flags = i32::try_from(nonblock).unwrap_or(0);
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(path)
}

/// Whether it has written its number, which is the last thing before it begins its work.
fn wait(pipe: &mut File, child: &mut Child) -> io::Result<bool> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let process = pidfd_open(
        number.ok_or(io::ErrorKind::InvalidInput)?,
        PidfdFlags::empty(),
    )?;
    let mut fds = [
        PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN),
        PollFd::new(&process, PollFlags::IN),
    ];
    rustix::io::retry_on_intr(|| poll(&mut fds, Some(&DEADLINE)))?;
    Ok(matches!(pipe.read(&mut [0; 16]), Ok(count) if count > 0))
}

/// What it complained of.
fn last_words(path: &str) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    // It says this of each of its own lines where no syslogd is.
    let lines = text.lines().filter(|line| !line.contains("to syslog"));
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    match lines.is_empty() {
        true => "it did not come up in time".into(),
        false => lines[lines.len().saturating_sub(3)..].join("; "),
    }
}
