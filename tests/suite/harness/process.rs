//! Programs with a deadline, and programs that end when their test does.

use std::io::{Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::wait;

/// What a finished program left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its exit code; 128 + n when signal n ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Standard output of a program that must have succeeded.
    #[track_caller]
    pub fn good(self) -> String {
        self.exits(0).stdout
    }

    /// The same, checked to have ended with `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "exit code; stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        self
    }
}

/// Runs `command` to its end with `input` on its standard input; panics, and kills it, after `patience`.
#[track_caller]
pub fn finish(command: &mut Command, input: &[u8], patience: Duration) -> Finished {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (mut stdin, stdout, stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let input = input.to_vec();
    // A program may end without reading its input.
    let feeder = std::thread::spawn(move || stdin.take().map(|mut pipe| pipe.write_all(&input)));
    let stdout = drain(stdout);
    let stderr = drain(stderr);
    let mut guard = Guard(child);
    let Some(status) = guard.wait(patience) else {
        drop(guard);
        panic!("{command:?} did not end in {patience:?}");
    };
    drop(guard);
    let finished = Finished {
        code: code(status),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    };
    let _ = feeder.join();
    finished
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The exit code as a shell shows it.
pub fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// A running program that does not outlive its owner.
#[derive(Debug)]
pub struct Guard(pub Child);

impl Guard {
    pub fn spawn(command: &mut Command) -> Self {
        Self(
            command
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}")),
        )
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// The status, if it ends within `patience`.
    pub fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let end = std::time::Instant::now() + patience;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return Some(status);
            }
            if std::time::Instant::now() >= end {
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Asks it to end with `signal`, and waits until it has.
    pub fn end(&mut self, signal: Signal, patience: Duration) -> Option<ExitStatus> {
        if self.0.try_wait().unwrap().is_none() {
            self.signal(signal);
        }
        self.wait(patience)
    }

    pub fn alive(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a process with this pid, seen from the host, is still there and not a zombie.
pub fn exists(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| {
            stat.rsplit_once(") ")
                .map(|(_, rest)| !rest.starts_with('Z'))
        })
        .unwrap_or(false)
}

/// Waits until the process is gone.
#[track_caller]
pub fn wait_gone(pid: i32, patience: Duration) {
    wait::until_true(&format!("process {pid} to be gone"), patience, || {
        !exists(pid)
    });
}
