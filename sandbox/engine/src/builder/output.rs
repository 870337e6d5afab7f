//! What `--output` asked for, until the client fetches it.

use std::{
    collections::VecDeque,
    io,
    os::fd::AsFd as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use drydock_image::layer;
use drydock_runtime::overlay;
use drydock_spec::ContainerId;

use super::{room::Room, stage::State};
use crate::{Engine, image::save};

/// Outputs that wait at the same time; the oldest goes first.
const KEPT: usize = 16;
/// So long a client has to fetch one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Outputs that nobody has fetched yet.
#[derive(Debug, Default)]
pub(super) struct Outputs(Mutex<VecDeque<Waiting>>);

#[derive(Debug)]
struct Waiting {
    token: String,
    since: Instant,
    what: Ready,
}

/// What can be fetched.
#[derive(Debug)]
pub(super) enum Ready {
    /// The files of a stage.
    Files(Arc<State>),
    /// Images by name or id, as `docker save` writes them.
    Images(Vec<String>),
}

impl Outputs {
    /// Keeps one, under a name that only its client knows.
    pub(super) fn keep(&self, what: Ready) -> String {
        let token = ContainerId::random().to_string();
        let mut waiting = self.lock();
        waiting.retain(|it| it.since.elapsed() < PATIENCE);
        let gone = (waiting.len() >= KEPT).then(|| waiting.pop_front());
        waiting.push_back(Waiting {
            token: token.clone(),
            since: Instant::now(),
            what,
        });
        drop(waiting);
        drop(gone);
        token
    }

    /// Takes one, once.
    pub(super) fn take(&self, token: &str) -> Option<Ready> {
        let mut waiting = self.lock();
        let at = waiting.iter().position(|it| it.token == token)?;
        Some(waiting.remove(at)?.what)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ready {
    /// Writes it as a tar stream.
    pub(super) fn write(
        &self,
        engine: &Engine,
        out: &mut crate::http::carry::Sender,
    ) -> io::Result<()> {
        match self {
            Self::Files(state) => files(engine, state, out),
            Self::Images(names) => {
                let archive =
                    save::prepare(engine, names, &crate::image::platform::Platform::default())
                        .map_err(|error| io::Error::other(error.message()))?;
                save::write(engine, &archive, out)
            }
        }
    }
}

fn files(engine: &Engine, state: &State, out: &mut impl io::Write) -> io::Result<()> {
    let room = Room::create(&engine.config.data.join("build"))?;
    let desk = room.desk()?;
    let rootfs = room.rootfs(&state.directories(), &desk);
    let root = overlay::mount_detached(&rootfs)?;
    layer::write_tar(root.as_fd(), out, &layer::Limits::default()).map_err(io::Error::other)?;
    Ok(())
}
