//! Telling a build that nobody waits for it any more.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::event::{EventfdFlags, eventfd};

use super::error::BuildError;

/// Asked between steps, and polled while a command runs. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Cancel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cancelled: AtomicBool,
    event: OwnedFd,
}

impl Cancel {
    pub(crate) fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self(Arc::new(Inner {
            cancelled: AtomicBool::new(false),
            event,
        })))
    }

    /// Ends the build at its next step, and the command that runs.
    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        // Only a counter at its maximum could refuse, and then it is readable anyway.
        let _ = rustix::io::write(&self.0.event, &1_u64.to_ne_bytes());
    }

    /// An error once it is cancelled.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        if self.0.cancelled.load(Ordering::Acquire) {
            return Err(BuildError::Cancelled);
        }
        Ok(())
    }

    /// Waits until it is cancelled, but not for longer.
    pub(crate) fn wait(&self, patience: std::time::Duration) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let event = self.event();
        let patience = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        // Whoever waits looks again, whatever woke it.
        let _ = poll(
            &mut [PollFd::from_borrowed_fd(event, PollFlags::IN)],
            Some(&patience),
        );
    }

    /// Readable once it is cancelled.
    pub(crate) fn event(&self) -> BorrowedFd<'_> {
        self.0.event.as_fd()
    }
}
