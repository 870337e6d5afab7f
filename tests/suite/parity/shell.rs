//! One step: a line for the shell, with a deadline.

use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::harness::process;

/// A step that takes longer hangs, which is a difference.
const DEADLINE: Duration = Duration::from_secs(30);
/// So much of each stream is kept.
const MOST_BYTES: u64 = 1 << 20;

/// What is left of a step. `code` is none when it did not end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Where steps run: their folder, and what they find in their environment.
#[derive(Clone, Debug)]
pub struct Desk<'a> {
    /// Has the client under the name `docker`.
    pub programs: &'a Path,
    pub folder: &'a Path,
    /// For `DOCKER_HOST`.
    pub address: String,
}

/// Runs `line`; on a terminal of its own if `tty`.
pub fn run(line: &str, desk: &Desk<'_>, tty: bool) -> Outcome {
    let mut command = if tty {
        // A terminal has one stream. The program `script` gives one, and passes on the code.
        let mut command = Command::new("script");
        command.args([
            "--quiet",
            "--return",
            "--echo",
            "never",
            "--command",
            line,
            "/dev/null",
        ]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        command
    };
    prepare(&mut command, desk);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let end = Instant::now() + DEADLINE;
    let stdout = drain(child.stdout.take().unwrap());
    let stderr = drain(child.stderr.take().unwrap());
    // What the step left in the background may hold its streams open: the deadline is theirs too.
    let in_time = |stream: &mpsc::Receiver<String>| {
        stream
            .recv_timeout(end.saturating_duration_since(Instant::now()))
            .ok()
    };
    let (told, complained) = (in_time(&stdout), in_time(&stderr));
    let mut guard = process::Guard(child);
    let status = guard.wait(end.saturating_duration_since(Instant::now()));
    let hung = status.is_none() || told.is_none() || complained.is_none();
    // Nothing of a step outlives it. An empty group is no error here.
    let _ = killpg(group, Signal::SIGKILL);
    let rest = |told: Option<String>, stream: &mpsc::Receiver<String>| {
        told.or_else(|| stream.recv_timeout(Duration::from_secs(1)).ok())
            .unwrap_or_default()
    };
    Outcome {
        code: status.filter(|_| !hung).map(process::code),
        stdout: rest(told, &stdout),
        stderr: rest(complained, &stderr),
    }
}

fn prepare(command: &mut Command, desk: &Desk<'_>) {
    let path = format!(
        "{}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        desk.programs.display()
    );
    command
        .current_dir(desk.folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", desk.folder)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        // Its absence makes the newest client speak of its age on every build.
        .env("DOCKER_BUILDKIT", "0")
        .env("DOCKER_CONFIG", desk.programs.join("config"))
        .env("DOCKER_HOST", &desk.address);
}

/// Reads a stream in a thread of its own; the text comes when it ends.
fn drain(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut stream = stream.take(MOST_BYTES);
        let _ = stream.read_to_end(&mut bytes);
        // Nobody may be waiting any more.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        let _ = std::io::copy(&mut stream.into_inner(), &mut std::io::sink());
    });
    receiver
}

#[test]
fn step_has_its_code_and_both_streams_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk {
        programs: folder.path(),
        folder: folder.path(),
        address: "unix:///nowhere".into(),
    };
    let outcome = run("echo $DOCKER_HOST; echo no >&2; exit 7", &desk, false);
    assert_eq!(
        outcome,
        Outcome {
            code: Some(7),
            stdout: "unix:///nowhere\n".into(),
            stderr: "no\n".into()
        }
    );
    assert_eq!(
        run("test -t 1 && echo terminal", &desk, true).stdout,
        "terminal\r\n"
    );
}
