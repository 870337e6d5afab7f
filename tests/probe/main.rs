//! What a learner might try. The isolation tests carry this static program into sandboxes and read its answers,
//! one line each: `name=answer`, where the answer is `ok` or the error's name.
//!
//! It is not part of the product, and is the one place beside `sandbox/runtime/src/sys` with unsafe code: the
//! system calls that a sandbox must refuse are such that no safe library offers them.

#![allow(unsafe_code, reason = "it makes forbidden system calls")]

mod calls;
mod enter;

use std::fs;
use std::io;
use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["calls"] => calls::try_all(),
        ["descriptors"] => descriptors(),
        ["connect", target] => println!("connect={}", named(connect(target))),
        ["write", path] => println!(
            "write={}",
            named(fs::File::options().append(true).open(path).map(drop))
        ),
        ["device", path, major, minor] => device(path, major, minor),
        ["listeners"] => listeners(),
        ["sockets", folder] => sockets(Path::new(folder)),
        ["enter", pid, "remount", path] => enter::enter_and(pid, || enter::remount(path)),
        ["enter", pid, "write", path] => enter::enter_and(pid, || {
            println!(
                "write={}",
                named(fs::File::options().append(true).open(path).map(drop))
            );
        }),
        ["enter", pid, "create", path] => enter::enter_and(pid, || {
            println!("create={}", named(fs::write(path, "a learner was here")));
        }),
        ["enter", pid, "read", path] => {
            enter::enter_and(pid, || println!("read={}", named(fs::read(path).map(drop))))
        }
        _ => {
            eprintln!("probe: unknown attempt {words:?}");
            std::process::exit(2);
        }
    }
}

/// `ok`, or the name of the error number.
fn named<T>(outcome: io::Result<T>) -> String {
    match outcome {
        Ok(_) => "ok".into(),
        Err(error) => error.raw_os_error().map_or_else(
            || error.kind().to_string(),
            |raw| format!("{:?}", Errno::from_raw(raw)),
        ),
    }
}

/// Every open descriptor and what it is.
fn descriptors() {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let all: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    for path in all {
        // The one that read the directory is closed by now.
        if let (Some(number), Ok(target)) = (path.file_name(), fs::read_link(&path)) {
            println!("{}={}", number.display(), target.display());
        }
    }
}

/// `tcp:HOST:PORT`, `unix:PATH` or `abstract:NAME`.
fn connect(target: &str) -> io::Result<()> {
    let (kind, at) = target.split_once(':').unwrap_or(("", ""));
    match kind {
        "tcp" => {
            let address = at.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
            TcpStream::connect_timeout(&address, Duration::from_secs(2)).map(drop)
        }
        "unix" => UnixStream::connect(at).map(drop),
        "abstract" => UnixStream::connect_addr(&SocketAddr::from_abstract_name(at)?).map(drop),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Makes a device file, and opens it.
fn device(path: &str, major: &str, minor: &str) {
    let number = libc::makedev(major.parse().unwrap_or(0), minor.parse().unwrap_or(0));
    let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
    let made = nix::sys::stat::mknod(path, nix::sys::stat::SFlag::S_IFBLK, mode, number);
    println!("mknod={}", named(made.map_err(io::Error::from)));
    println!("open={}", named(fs::File::open(path).map(drop)));
}

/// What this network namespace listens on.
fn listeners() {
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        // State 0A is LISTEN.
        for line in text
            .lines()
            .skip(1)
            .filter(|line| line.split_whitespace().nth(3) == Some("0A"))
        {
            println!("listen={}", line.split_whitespace().nth(1).unwrap_or(""));
        }
    }
}

/// Unix sockets that the file system shows below `folder`.
fn sockets(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        // Not the entry's own word for it: that is what lies under a mount.
        let Ok(kind) = fs::symlink_metadata(entry.path()).map(|meta| meta.file_type()) else {
            continue;
        };
        if kind.is_socket() {
            println!("socket={}", entry.path().display());
        } else if kind.is_dir()
            && !entry.path().starts_with("/proc")
            && !entry.path().starts_with("/sys")
        {
            sockets(&entry.path());
        }
    }
}
