//! The end of a run, and memory that runs out before it.

use std::{os::fd::OwnedFd, sync::Arc};

use drydock_runtime::cgroup::{ContainerGroup, OomNotice};
use tokio::io::{Interest, unix::AsyncFd};

use crate::{
    Engine,
    container::Container,
    process::{Process, watched},
};

/// Waits for the end of a run; until then, and of the end itself, tells when the kernel killed for want of memory.
pub(super) async fn until_end(
    engine: &Engine,
    container: &Container,
    process: &Process,
    group: &Arc<ContainerGroup>,
) -> i32 {
    let mut told = 0;
    let mut notices = Notices::open(group);
    let status = loop {
        tokio::select! {
            status = process.wait() => break status,
            () = notices.next() => note(engine, container, group, &mut told),
        }
    };
    note(engine, container, group, &mut told);
    status.code()
}

fn note(engine: &Engine, container: &Container, group: &ContainerGroup, told: &mut u64) {
    let killed = group.oom_kills();
    if killed <= *told {
        return;
    }
    *told = killed;
    container.state.send_modify(|state| state.oom_killed = true);
    engine.events.tell(container.event("oom", &[]));
}

/// Word from the kernel; none where it has no such groups.
struct Notices {
    fd: Option<AsyncFd<OwnedFd>>,
    interest: Interest,
    is_counter: bool,
}

impl Notices {
    fn open(group: &ContainerGroup) -> Self {
        let opened = group.notice_oom().and_then(|OomNotice { fd, is_counter }| {
            let interest = if is_counter {
                Interest::READABLE
            } else {
                Interest::PRIORITY
            };
            Ok((watched(fd, interest)?, interest, is_counter))
        });
        match opened {
            Ok((fd, interest, is_counter)) => Self {
                fd: Some(fd),
                interest,
                is_counter,
            },
            // What was killed is counted at the end all the same.
            Err(_) => Self {
                fd: None,
                interest: Interest::READABLE,
                is_counter: false,
            },
        }
    }

    async fn next(&mut self) {
        let Some(fd) = &self.fd else {
            return std::future::pending().await;
        };
        match fd.ready(self.interest).await {
            Ok(mut ready) => {
                if self.is_counter {
                    let _ = rustix::io::read(fd.get_ref(), &mut [0_u8; 8]);
                }
                ready.clear_ready();
            }
            Err(_) => self.fd = None,
        }
    }
}
