//! What a command prints, to the client while it runs; its end; and its death when the client has gone.

use std::{
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

use drydock_runtime::{
    launch::Stdio,
    process::{self, ExitStatus, Running},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    pipe::{PipeFlags, pipe_with},
};

use super::{cancel::Cancel, error::BuildError, output::Decoder};
use crate::http::stream::Gone;

const KILL: i32 = 9;

/// How long the rest of a line is waited for: programs write lines in pieces, and each line is a message.
const PATIENCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 5_000_000,
};

/// Who is told what a command prints, line by line mostly.
pub(crate) trait Listener {
    /// A piece of it; `stderr` says of which stream.
    ///
    /// # Errors
    /// When nobody listens any more.
    fn printed(&mut self, stderr: bool, text: &str) -> Result<(), Gone>;
}

/// The reading ends of a command's output.
#[derive(Debug)]
pub(crate) struct Pump {
    stdout: Stream,
    stderr: Stream,
}

#[derive(Debug)]
struct Stream {
    /// `None` at the end.
    pipe: Option<OwnedFd>,
    decoder: Decoder,
    /// The beginning of a line whose rest is most likely being written.
    begun: String,
    red: bool,
}

/// A command's standard streams: nothing to read, two pipes to write.
pub(crate) fn pipes() -> io::Result<(Pump, Stdio)> {
    let (stdout, out) = pipe_with(PipeFlags::CLOEXEC)?;
    let (stderr, err) = pipe_with(PipeFlags::CLOEXEC)?;
    let stream = |pipe, red| Stream {
        pipe: Some(pipe),
        decoder: Decoder::default(),
        begun: String::new(),
        red,
    };
    let pump = Pump {
        stdout: stream(stdout, false),
        stderr: stream(stderr, true),
    };
    Ok((
        pump,
        Stdio {
            stdin: None,
            stdout: Some(out),
            stderr: Some(err),
        },
    ))
}

impl Pump {
    /// Passes on what `running` prints until it has ended, then reaps it. On any error it is killed first, so that
    /// nothing of it is left.
    ///
    /// # Errors
    /// The client has gone, or a system call failed.
    pub(crate) fn pump(
        mut self,
        running: &Running,
        cancel: &Cancel,
        output: &mut dyn Listener,
    ) -> Result<ExitStatus, BuildError> {
        let pidfd = running.pidfd.as_fd();
        match self.follow(pidfd, cancel, output) {
            Ok(status) => Ok(status),
            Err(error) => {
                let _ = process::signal(pidfd, KILL);
                let _ = process::wait(pidfd);
                Err(error)
            }
        }
    }

    fn follow(
        &mut self,
        pidfd: BorrowedFd<'_>,
        cancel: &Cancel,
        output: &mut dyn Listener,
    ) -> Result<ExitStatus, BuildError> {
        let mut buffer = vec![0; 32 << 10];
        let mut status = None;
        loop {
            // Its descendants die with it, so its pipes end: what they still hold is the command's last output.
            if let Some(status) = status
                && self.stdout.pipe.is_none()
                && self.stderr.pipe.is_none()
            {
                return Ok(status);
            }
            let ready = self.wait(status.is_none().then_some(pidfd), cancel)?;
            cancel.check()?;
            if ready.ended && status.is_none() {
                status = process::try_reap(pidfd).map_err(BuildError::os("reap a command"))?;
            }
            let [first, second] = if ready.stdout {
                [&mut self.stdout, &mut self.stderr]
            } else {
                [&mut self.stderr, &mut self.stdout]
            };
            if ready.stdout || ready.stderr {
                // What the other one began comes first, as it was written first.
                second.flush(output)?;
                first.read(&mut buffer, output)?;
            } else if !ready.ended {
                first.flush(output)?;
                second.flush(output)?;
            }
        }
    }

    fn wait(&self, pidfd: Option<BorrowedFd<'_>>, cancel: &Cancel) -> Result<Ready, BuildError> {
        let sources = [
            self.stdout.pipe.as_ref().map(OwnedFd::as_fd),
            self.stderr.pipe.as_ref().map(OwnedFd::as_fd),
            pidfd,
            Some(cancel.event()),
        ];
        let mut polled: Vec<PollFd<'_>> = sources
            .iter()
            .flatten()
            .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
            .collect();
        let begun = !self.stdout.begun.is_empty() || !self.stderr.begun.is_empty();
        let patience = begun.then_some(&PATIENCE);
        rustix::io::retry_on_intr(|| poll(&mut polled, patience))
            .map_err(|error| BuildError::os("wait for a command")(error.into()))?;
        let mut polled = polled.iter();
        let mut is_ready = |source: &Option<BorrowedFd<'_>>| {
            source.is_some() && polled.next().is_some_and(|fd| !fd.revents().is_empty())
        };
        let [stdout, stderr, ended, _] = &sources;
        Ok(Ready {
            stdout: is_ready(stdout),
            stderr: is_ready(stderr),
            ended: is_ready(ended),
        })
    }
}

struct Ready {
    stdout: bool,
    stderr: bool,
    ended: bool,
}

impl Stream {
    fn read(&mut self, buffer: &mut [u8], output: &mut dyn Listener) -> Result<(), BuildError> {
        let Some(pipe) = &self.pipe else {
            return Ok(());
        };
        let n = rustix::io::retry_on_intr(|| rustix::io::read(pipe, &mut *buffer))
            .map_err(|error| BuildError::os("read a command's output")(error.into()))?;
        if n == 0 {
            self.pipe = None;
            self.begun.push_str(&self.decoder.finish());
        } else {
            self.begun.push_str(&self.decoder.decode(&buffer[..n]));
        }
        if n == 0 || self.begun.ends_with('\n') || self.begun.len() > buffer.len() {
            self.flush(output)?;
        }
        Ok(())
    }

    fn flush(&mut self, output: &mut dyn Listener) -> Result<(), BuildError> {
        let text = std::mem::take(&mut self.begun);
        if !text.is_empty() {
            output.printed(self.red, &text)?;
        }
        Ok(())
    }
}
