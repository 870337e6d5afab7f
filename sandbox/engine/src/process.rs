//! A launched process, watched: reaped exactly once, its end known to everybody who asks.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use drydock_runtime::{
    container::TermSize,
    process::{self, ExitStatus, Running},
};
use rustix::io::Errno;
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::watch,
};

/// A launched process; cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Process(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pid: i32,
    visible_pid: i32,
    pidfd: OwnedFd,
    pty: Option<Pty>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Watches a process that was just launched, and reaps it when it ends.
    pub(crate) fn adopt(running: Running) -> io::Result<Self> {
        let watched = watched(running.pidfd.try_clone()?, Interest::READABLE)?;
        let (end, ended) = watch::channel(None);
        tokio::spawn(reap(watched, end));
        Ok(Self(Arc::new(Inner {
            pid: running.pid,
            visible_pid: visible_pid(running.pid),
            pidfd: running.pidfd,
            pty: running.pty.map(Pty::new).transpose()?,
            ended,
        })))
    }

    /// Its number in the engine's pid namespace: for `/proc`, never for signals.
    pub(crate) fn pid(&self) -> i32 {
        self.0.pid
    }

    /// Its number as `ps` on the workstation shows it.
    pub(crate) fn visible_pid(&self) -> i32 {
        self.0.visible_pid
    }

    /// The process itself.
    pub(crate) fn pidfd(&self) -> BorrowedFd<'_> {
        self.0.pidfd.as_fd()
    }

    /// Its terminal, if it has one.
    pub(crate) fn pty(&self) -> Option<&Pty> {
        self.0.pty.as_ref()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        *self.0.ended.borrow()
    }

    /// Waits for its end.
    pub(crate) async fn wait(&self) -> ExitStatus {
        let mut ended = self.0.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(status) => status.unwrap_or(ExitStatus::Signaled(9)),
            // The watching task went with the runtime.
            Err(_) => ExitStatus::Signaled(9),
        }
    }

    /// Sends a signal; a process that has ended already is no error.
    pub(crate) fn signal(&self, number: i32) -> io::Result<()> {
        match process::signal(self.pidfd(), number) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {
                Ok(())
            }
            other => other,
        }
    }
}

/// A descriptor that the event loop polls. Owned, it stays open as long as it is polled.
pub(crate) fn watched(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    drydock_runtime::sys::watch(fd, interest)
}

async fn reap(watched: AsyncFd<OwnedFd>, end: watch::Sender<Option<ExitStatus>>) {
    loop {
        let Ok(mut ready) = watched.readable().await else {
            return;
        };
        match process::try_reap(watched.get_ref().as_fd()) {
            Ok(None) => ready.clear_ready(),
            Ok(Some(status)) => {
                end.send_replace(Some(status));
                return;
            }
            Err(error) => {
                tracing::error!(%error, "could not reap a process");
                end.send_replace(Some(ExitStatus::Signaled(9)));
                return;
            }
        }
    }
}

/// The second number of `NSpid`: the engine's namespace is the first, the workstation's the next.
fn visible_pid(pid: i32) -> i32 {
    std::fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|status| parse_visible_pid(&status))
        .unwrap_or(pid)
}

/// As [`visible_pid`], from the text of a status file.
pub(crate) fn parse_visible_pid(status: &str) -> Option<i32> {
    let numbers = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    let mut numbers = numbers.split_ascii_whitespace();
    let first = numbers.next()?;
    numbers.next().unwrap_or(first).parse().ok()
}

/// How often a terminal's writer is let run while its output is gathered.
const WAITS: u32 = 4;

/// The master side of a terminal.
#[derive(Debug)]
pub(crate) struct Pty(AsyncFd<OwnedFd>);

impl Pty {
    fn new(master: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&master, true)?;
        Ok(Self(watched(
            master,
            Interest::READABLE | Interest::WRITABLE,
        )?))
    }

    /// Reads what was printed; 0 once nobody has the other side open.
    ///
    /// A terminal hands out little pieces while its writer is at work: a line, a few hundred bytes. So that a flood
    /// does not become thousands of frames, the writer is let run between reads until the buffer is well filled.
    pub(crate) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0
            .async_io(Interest::READABLE, |master| {
                let (mut filled, mut waits) = (0, 0);
                while filled < buffer.len() {
                    match rustix::io::read(master, &mut buffer[filled..]) {
                        Ok(0) => break,
                        Ok(n) => filled += n,
                        // What a master's read says when the last slave is closed.
                        Err(Errno::IO) => break,
                        Err(Errno::AGAIN) if filled == 0 => return Err(Errno::AGAIN.into()),
                        Err(Errno::AGAIN) if waits < WAITS => {
                            waits += 1;
                            std::thread::yield_now();
                        }
                        Err(Errno::AGAIN) => break,
                        Err(error) => return Err(error.into()),
                    }
                }
                Ok(filled)
            })
            .await
    }

    /// Waits until there is something to read.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.0
            .readable()
            .await
            .map(|mut ready| ready.retain_ready())
    }

    /// Types all of `bytes`.
    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let n = self
                .0
                .async_io(Interest::WRITABLE, |master| {
                    Ok(rustix::io::write(master, bytes)?)
                })
                .await?;
            bytes = &bytes[n..];
        }
        Ok(())
    }

    /// Tells the terminal its size.
    pub(crate) fn resize(&self, size: TermSize) -> io::Result<()> {
        process::resize(self.0.get_ref().as_fd(), size)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_workstation_sees_the_second_number() {
        let status = "Name:\tsh\nNSpid:\t812\t31\t1\n";
        assert_eq!(super::parse_visible_pid(status), Some(31));
        assert_eq!(super::parse_visible_pid("NSpid:\t5\n"), Some(5));
    }
}
