//! Word of processes that the kernel killed because a container had no more memory.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use rustix::{
    event::{EventfdFlags, eventfd},
    fs::OFlags,
};

use super::{ContainerGroup, Version, values};

/// A descriptor that polls when a container has no more memory: readable on v1, with a priority event on v2.
#[derive(Debug)]
pub struct OomNotice {
    /// What to poll.
    pub fd: OwnedFd,
    /// Whether it is a counter to be read before it is polled again (v1).
    pub is_counter: bool,
}

impl ContainerGroup {
    /// How many of its processes were killed so far.
    #[must_use]
    pub fn oom_kills(&self) -> u64 {
        let file = match self.version() {
            Version::V1 => "memory.oom_control",
            Version::V2 => "memory.events",
        };
        values::read(&self.dirs, file)
            .and_then(|text| values::field(&text, "oom_kill"))
            .unwrap_or(0)
    }

    /// Asks for word of the next.
    ///
    /// # Errors
    /// As open(2) and write(2) on the group's files.
    pub fn notice_oom(&self) -> io::Result<OomNotice> {
        match self.version() {
            Version::V1 => {
                let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
                let control = values::open(&self.dirs, "memory.oom_control", OFlags::RDONLY)?;
                let line = format!("{} {}", fd.as_raw_fd(), control.as_fd().as_raw_fd());
                let memory = self.dir_with("memory.oom_control");
                values::write(memory, "cgroup.event_control", &line)?;
                Ok(OomNotice {
                    fd,
                    is_counter: true,
                })
            }
            Version::V2 => Ok(OomNotice {
                fd: values::open(&self.dirs, "memory.events", OFlags::RDONLY)?,
                is_counter: false,
            }),
        }
    }

    fn dir_with(&self, file: &str) -> &[OwnedFd] {
        let mut dirs = self.dirs.iter().map(std::slice::from_ref);
        dirs.find(|dir| values::has(dir, file)).unwrap_or(&[])
    }
}
