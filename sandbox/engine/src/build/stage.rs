//! A stage while it is built: the image so far, and what the next step changes.

use std::path::PathBuf;

use drydock_image::{
    Digest, Hold, ImageConfig, ImageId, Layer, Store, StoreError,
    config::{History, RunConfig, host_architecture},
};
use jiff::Timestamp;
use serde_json::Map;

use crate::clock;

/// Where commands are looked for in an image that does not say.
const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// Bytes of an image's config, with its history.
const MAX_CONFIG: usize = 4 << 20;

/// The shell of shell forms.
pub(super) fn shell(run: &RunConfig) -> Vec<String> {
    match &run.shell {
        Some(shell) if !shell.is_empty() => shell.clone(),
        _ => DEFAULT_SHELL.map(Into::into).into(),
    }
}

/// A stage while it is built.
#[derive(Debug)]
pub(super) struct Stage {
    /// The image of the last step; `None` before the first step on scratch.
    pub(super) id: Option<ImageId>,
    /// `AS name`.
    pub(super) name: Option<String>,
    /// What a container of it would run.
    pub(super) run: RunConfig,
    /// Lowest first, with their directories.
    pub(super) layers: Vec<(Digest, PathBuf)>,
    /// `MAINTAINER`.
    pub(super) author: Option<String>,
    /// This stage has had a CMD, so that ENTRYPOINT leaves it.
    pub(super) cmd_set: bool,
    config: ImageConfig,
    /// Keeps the layers of steps that follow from being removed while they are used.
    holds: Vec<Hold>,
}

impl Stage {
    /// FROM scratch.
    pub(super) fn scratch() -> Self {
        let mut stage = Self {
            id: None,
            name: None,
            run: RunConfig::default(),
            layers: Vec::new(),
            author: None,
            cmd_set: false,
            config: ImageConfig::default(),
            holds: Vec::new(),
        };
        stage.add_path();
        stage
    }

    /// FROM an image.
    ///
    /// # Errors
    /// It is not there, or not whole.
    pub(super) fn from(store: &Store, id: &ImageId) -> Result<Self, StoreError> {
        let mut stage = Self::scratch();
        stage.adopt(store, id)?;
        Ok(stage)
    }

    /// Goes on from `id`, which the cache knows for the step's result.
    ///
    /// # Errors
    /// It is not there, or not whole; the stage is as it was.
    pub(super) fn adopt(&mut self, store: &Store, id: &ImageId) -> Result<(), StoreError> {
        let image = store.image(id)?;
        self.id = Some(image.id);
        self.run = image.config.config.clone().unwrap_or_default();
        self.author = image.config.author.clone();
        self.config = image.config;
        self.layers = image
            .layers
            .into_iter()
            .map(|layer| (layer.diff_id, layer.dir))
            .collect();
        self.add_path();
        Ok(())
    }

    /// The image and what it stands on, as a base of another stage.
    pub(super) fn base(&self, store: &Store) -> Result<Self, StoreError> {
        self.id
            .as_ref()
            .map_or_else(|| Ok(Self::scratch()), |id| Self::from(store, id))
    }

    /// The shell of shell forms.
    pub(super) fn shell(&self) -> Vec<String> {
        shell(&self.run)
    }

    /// Variables of the image.
    pub(super) fn env(&self) -> &[String] {
        self.run.env.as_deref().unwrap_or_default()
    }

    /// Keeps the layers that the stage stands on until it ends.
    pub(super) fn hold(&mut self, store: &Store) {
        if self.holds.is_empty() {
            let layers = self.layers.iter().map(|(diff_id, _)| diff_id.clone());
            self.holds.push(store.hold(layers));
        }
    }

    /// Makes the image of a step: `run` is its config, `created_by` what its history says of it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) fn commit(
        &mut self,
        store: &Store,
        run: RunConfig,
        created_by: String,
        layer: Option<Layer>,
    ) -> Result<(), StoreError> {
        let now = clock::rfc3339(Timestamp::now());
        let mut config = self.config.clone();
        config.extra = Map::new();
        if config.architecture.is_empty() {
            config.architecture = host_architecture().into();
        }
        if config.os.is_empty() {
            config.os = "linux".into();
        }
        config.created = Some(now.clone());
        config.docker_version = Some(drydock_api::VERSION.into());
        config.author.clone_from(&self.author);
        config.history.push(History {
            created: Some(now),
            author: self.author.clone(),
            created_by: Some(created_by),
            empty_layer: layer.is_none(),
            ..History::default()
        });
        config
            .rootfs
            .diff_ids
            .extend(layer.iter().map(|layer| layer.diff_id.clone()));
        config.config = Some(RunConfig {
            image: self
                .id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            hostname: String::new(),
            domainname: String::new(),
            ..run
        });
        let hold = layer
            .iter()
            .map(|layer| store.hold([layer.diff_id.clone()]));
        self.holds.extend(hold);
        let raw = config.to_bytes();
        if raw.len() > MAX_CONFIG {
            return Err(StoreError::Config(format!(
                "larger than {MAX_CONFIG} bytes"
            )));
        }
        let id = store.add_image_on(&raw, self.id.clone())?;
        self.layers
            .extend(layer.map(|layer| (layer.diff_id, layer.dir)));
        self.run = config.config.clone().unwrap_or_default();
        self.config = config;
        self.id = Some(id);
        Ok(())
    }

    fn add_path(&mut self) {
        let env = self.run.env.get_or_insert_default();
        if !env.iter().any(|entry| entry.starts_with("PATH=")) {
            env.push(DEFAULT_PATH.into());
        }
    }
}
