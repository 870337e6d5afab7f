//! What a container is.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use drydock_image::Hold;
use drydock_spec::{ContainerId, ContainerState, ImageId};
use jiff::Timestamp;
use tokio::sync::watch;

use super::{State, log::Log, streams::Streams};
use crate::{
    events::Event,
    wire::{HostConfig, RunConfig, mount::MountPoint},
};

/// One container: what was asked for, which does not change, and what became of it, which does.
#[derive(Debug)]
pub(crate) struct Container {
    pub id: ContainerId,
    pub created: Timestamp,
    /// Merged with the image's.
    pub config: RunConfig,
    /// As it was made with; see [`Container::host_config`] for what `docker update` changes.
    pub host: HostConfig,
    pub image: ImageId,
    /// Its layers' directories, topmost first; the last is the engine's own, see [`super::files::make_init_layer`].
    pub lowers: Vec<PathBuf>,
    /// Keeps those directories, whatever becomes of the image.
    pub layers: Hold,
    /// Bytes in them.
    pub image_size: u64,
    pub mounts: Vec<MountPoint>,
    /// Its files on the sandbox's storage.
    pub dir: PathBuf,
    /// Made through the control door: not the learner's.
    pub hidden: bool,
    pub log: Log,
    pub streams: Streams,
    /// Held by whoever starts, stops or removes it.
    pub turn: Arc<tokio::sync::Mutex<()>>,
    /// Held for a moment by whoever freezes it, thaws it or changes its limits.
    pub changing: tokio::sync::Mutex<()>,
    /// What `docker update` made of `host`.
    pub(super) updated: Mutex<Option<Box<HostConfig>>>,
    pub(super) name: Mutex<String>,
    pub(super) state: watch::Sender<State>,
}

impl Container {
    /// Its name, without Docker's leading slash.
    pub(crate) fn name(&self) -> String {
        self.name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set_name(&self, name: &str) {
        name.clone_into(&mut self.name.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// How it sits on its host now.
    pub(crate) fn host_config(&self) -> HostConfig {
        let updated = self.updated.lock().unwrap_or_else(PoisonError::into_inner);
        updated.as_deref().unwrap_or(&self.host).clone()
    }

    pub(super) fn set_host_config(&self, new: HostConfig) {
        *self.updated.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(new));
    }

    /// A copy of where it is now.
    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Where it is now, in one word.
    pub(crate) fn status(&self) -> ContainerState {
        self.state.borrow().status
    }

    /// Its state as it changes.
    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Program and arguments.
    pub(crate) fn argv(&self) -> Vec<String> {
        let entrypoint = self.config.entrypoint.iter().flatten();
        entrypoint
            .chain(self.config.cmd.iter().flatten())
            .cloned()
            .collect()
    }

    /// Its labels.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        self.config.labels.clone().unwrap_or_default()
    }

    /// Its mounts, as `inspect` and `ps` show them.
    pub(crate) fn shown_mounts(&self) -> Vec<MountPoint> {
        let shown = self.mounts.iter().filter(|point| !point.hidden);
        shown.cloned().collect()
    }

    /// The signal that asks it to end.
    pub(crate) fn stop_signal(&self) -> i32 {
        let name = self.config.stop_signal.as_deref().unwrap_or_default();
        crate::signals::parse(name).unwrap_or(15)
    }

    /// Something happened to it.
    pub(crate) fn event(&self, action: impl Into<String>, more: &[(&str, String)]) -> Event {
        let mut attributes = self.labels();
        attributes.insert("image".into(), self.config.image.clone());
        attributes.insert("name".into(), self.name());
        attributes.extend(
            more.iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone())),
        );
        Event::new("container", action, self.id.as_str(), attributes).hidden(self.hidden)
    }
}
