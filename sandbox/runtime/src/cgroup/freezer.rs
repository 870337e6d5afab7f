//! Stopping everything in a container at once; `freezer-subsystem.rst` and `cgroup-v2.rst` of the kernel.

use std::{
    io,
    time::{Duration, Instant},
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
        let start = Instant::now();
        let mut pause = Duration::from_micros(100);
        loop {
            // Again and again on v1: a process forked meanwhile may have been missed.
            self.set_frozen(true)?;
            if self.is_frozen() {
                return Ok(());
            }
            if start.elapsed() > DEADLINE {
                self.thaw()?;
                return Err(io::ErrorKind::TimedOut.into());
            }
            // v1 tells nobody when the state changes.
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Lets them run on.
    ///
    /// # Errors
    /// As write(2) on the group's file.
    pub fn thaw(&self) -> io::Result<()> {
        self.set_frozen(false)
    }

    fn set_frozen(&self, frozen: bool) -> io::Result<()> {
        match (self.version(), frozen) {
            (Version::V1, true) => values::write(&self.dirs, "freezer.state", "FROZEN"),
            (Version::V1, false) => values::write(&self.dirs, "freezer.state", "THAWED"),
            (Version::V2, true) => values::write(&self.dirs, "cgroup.freeze", "1"),
            (Version::V2, false) => values::write(&self.dirs, "cgroup.freeze", "0"),
        }
    }

    fn is_frozen(&self) -> bool {
        match self.version() {
            Version::V1 => values::read(&self.dirs, "freezer.state")
                .is_some_and(|state| state.trim() == "FROZEN"),
            Version::V2 => values::read(&self.dirs, "cgroup.events")
                .is_some_and(|events| values::field(&events, "frozen") == Some(1)),
        }
    }
}
