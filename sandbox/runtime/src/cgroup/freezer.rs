//! Stopping everything in a container at once; `freezer-subsystem.rst` and `cgroup-v2.rst` of the kernel.

use std::{
    io,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
    io::{pread, retry_on_intr},
};

use super::{ContainerGroup, Version, values};

/// Processes in the middle of a system call reach a point to be stopped at within milliseconds.
const DEADLINE: Duration = Duration::from_secs(2);

impl ContainerGroup {
    /// Stops all processes; returns once the last one has stopped. Blocks.
    ///
    /// # Errors
    /// As write(2) on the group's file; `TimedOut` when some did not stop, and then all of them run on.
    pub fn freeze(&self) -> io::Result<()> {
        let end = Instant::now() + DEADLINE;
        let frozen = match self.version() {
            Version::V1 => self.freeze_v1(end),
            Version::V2 => self.freeze_v2(end),
        };
        if frozen.is_err() {
            self.thaw()?;
        }
        frozen
    }

    /// v1 tells nobody when the state changes: reading it is what brings it up to date. Asked at growing intervals, and
    /// told again each time, since a process forked meanwhile may have been missed.
    fn freeze_v1(&self, end: Instant) -> io::Result<()> {
        let mut pause = Duration::from_micros(100);
        loop {
            values::write(&self.dirs, "freezer.state", "FROZEN")?;
            if self.is_frozen() {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// v2 tells of every change of `cgroup.events` by a priority event, which a read takes back.
    fn freeze_v2(&self, end: Instant) -> io::Result<()> {
        let events = values::open(&self.dirs, "cgroup.events", OFlags::RDONLY)?;
        values::write(&self.dirs, "cgroup.freeze", "1")?;
        loop {
            let mut text = [0; 256];
            let read = pread(&events, &mut text, 0)?;
            let text = String::from_utf8_lossy(&text[..read]);
            if values::field(&text, "frozen") == Some(1) {
                return Ok(());
            }
            let left = end.saturating_duration_since(Instant::now());
            let wait = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut polled = [PollFd::new(&events, PollFlags::PRI)];
            if retry_on_intr(|| poll(&mut polled, Some(&wait)))? == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    /// Lets them run on.
    ///
    /// # Errors
    /// As write(2) on the group's file.
    pub fn thaw(&self) -> io::Result<()> {
        match self.version() {
            Version::V1 => values::write(&self.dirs, "freezer.state", "THAWED"),
            Version::V2 => values::write(&self.dirs, "cgroup.freeze", "0"),
        }
    }

    fn is_frozen(&self) -> bool {
        values::read(&self.dirs, "freezer.state").is_some_and(|state| state.trim() == "FROZEN")
    }
}
