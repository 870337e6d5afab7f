//! A stage while it is built: its files, and what its image will say.

use std::{path::PathBuf, sync::Arc};

use drydock_image::{
    Digest, Hold, ImageConfig, ImageId, Layer, Store, StoreError,
    config::{History, RunConfig},
};
use jiff::Timestamp;

use super::{cache::Key, explain::Before};

/// The remark in each line of history, by which the builder is known.
const COMMENT: &str = "buildkit.dockerfile.v0";
const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// A layer of a stage.
#[derive(Debug, Clone)]
pub(super) struct Layered {
    pub(super) layer: Layer,
    /// `None` for those of a base image, whose history says it.
    pub(super) created: Option<Timestamp>,
}

/// A stage while it is built.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// Lowest first.
    pub(super) layers: Vec<Layered>,
    /// The variables that its instructions see: the image's, and arguments.
    pub(super) env: Vec<String>,
    /// The arguments that were declared, in order.
    pub(super) args: Vec<(String, Option<String>)>,
    /// What its image says, but for layers and times.
    pub(super) image: ImageConfig,
    /// What a container of it would run.
    pub(super) run: RunConfig,
    /// It has had a CMD, so that ENTRYPOINT leaves it.
    pub(super) cmd_set: bool,
    /// What came before the next step, for those who ask why it ran.
    pub(super) before: Before,
    /// The digest of the step shown last.
    pub(super) vertex: Option<String>,
    /// Keeps its layers.
    holds: Vec<Arc<Hold>>,
}

impl State {
    /// FROM scratch.
    pub(super) fn scratch() -> Self {
        let image = ImageConfig {
            architecture: drydock_image::config::host_architecture().into(),
            os: "linux".into(),
            ..ImageConfig::default()
        };
        let mut state = Self {
            layers: Vec::new(),
            env: Vec::new(),
            args: Vec::new(),
            image,
            run: RunConfig {
                working_dir: "/".into(),
                ..RunConfig::default()
            },
            cmd_set: false,
            before: Before::Base("scratch".into()),
            vertex: None,
            holds: Vec::new(),
        };
        state.begin();
        state
    }

    /// FROM an image.
    ///
    /// # Errors
    /// It is not there, or not whole.
    pub(super) fn from(store: &Store, id: &ImageId, name: &str) -> Result<Self, StoreError> {
        let image = store.image(id)?;
        let hold = store.hold(image.layers.iter().map(|layer| layer.diff_id.clone()));
        let mut state = Self {
            layers: image
                .layers
                .into_iter()
                .map(|layer| Layered {
                    layer,
                    created: None,
                })
                .collect(),
            run: image.config.config.clone().unwrap_or_default(),
            before: Before::Base(name.into()),
            holds: vec![Arc::new(hold)],
            image: image.config,
            ..Self::scratch()
        };
        state.image.created = None;
        state.run.on_build = None;
        state.begin();
        Ok(state)
    }

    /// FROM another stage: all of it but its triggers.
    pub(super) fn inherit(&self) -> Self {
        let mut state = self.clone();
        state.run.on_build = None;
        state.cmd_set = false;
        state
    }

    /// Sets what every image has, and makes its variables visible.
    fn begin(&mut self) {
        let env = self.run.env.get_or_insert_default();
        if !env.iter().any(|entry| entry.starts_with("PATH=")) {
            env.push(DEFAULT_PATH.into());
        }
        self.env.clone_from(env);
    }

    /// The layers that it stands on, as one number.
    pub(super) fn chain(&self) -> Key {
        let layers = self.layers.iter().map(|it| it.layer.diff_id.to_string());
        let layers: Vec<String> = layers.collect();
        Key::of(layers.iter().map(String::as_bytes))
    }

    /// The directories of its layers, lowest first.
    pub(super) fn directories(&self) -> Vec<(Digest, PathBuf)> {
        let layer = |it: &Layered| (it.layer.diff_id.clone(), it.layer.dir.clone());
        self.layers.iter().map(layer).collect()
    }

    /// A step's layer.
    pub(super) fn push(&mut self, store: &Store, layer: Layer, created: Timestamp) {
        let hold = store.hold([layer.diff_id.clone()]);
        self.holds.push(Arc::new(hold));
        self.layers.push(Layered {
            layer,
            created: Some(created),
        });
    }

    /// A line of history; the time is put in at the end.
    pub(super) fn history(&mut self, created_by: String, empty_layer: bool) {
        self.image.history.push(History {
            created_by: Some(created_by),
            comment: Some(COMMENT.into()),
            empty_layer,
            ..History::default()
        });
    }

    /// The shell of shell forms.
    pub(super) fn shell(&self) -> Vec<String> {
        match &self.run.shell {
            Some(shell) if !shell.is_empty() => shell.clone(),
            _ => DEFAULT_SHELL.map(Into::into).into(),
        }
    }

    /// Sets a variable for the instructions that follow.
    pub(super) fn set_env(&mut self, name: &str, value: &str) {
        set(&mut self.env, name, value);
    }

    /// A variable's value as instructions see it.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let value = |entry: &'_ String| {
            entry
                .split_once('=')
                .filter(|(known, _)| *known == name)
                .is_some()
        };
        let entry = self.env.iter().rev().find(|entry| value(entry))?;
        entry.split_once('=').map(|(_, value)| value)
    }
}

/// Replaces a variable in its place, or adds it.
pub(super) fn set(env: &mut Vec<String>, name: &str, value: &str) {
    let entry = format!("{name}={value}");
    let same = |old: &&mut String| old.split('=').next() == Some(name);
    match env.iter_mut().find(same) {
        Some(old) => *old = entry,
        None => env.push(entry),
    }
}
