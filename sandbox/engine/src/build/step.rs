//! What all steps have in common: a key, a place in the cache, a layer, an image.

use std::fs;

use drydock_image::{Layer, config::RunConfig};
use drydock_spec::ContainerId;

use super::{
    builder::Builder,
    cache::{self, Key},
    error::BuildError,
    stage::Stage,
    workspace::Scratch,
};

/// Layers of an image, as in Docker.
const MAX_LAYERS: usize = 125;

impl Builder<'_> {
    /// The id of a step's container, as the classic builder says it.
    pub(super) fn say_container(&mut self) -> Result<ContainerId, BuildError> {
        let id = ContainerId::random();
        self.output
            .say(&format!(" ---> Running in {}\n", id.short()))?;
        Ok(id)
    }

    pub(super) fn say_removed(&mut self, id: &ContainerId) -> Result<(), BuildError> {
        if self.request.remove || self.request.force_remove {
            self.output
                .say(&format!("Removing intermediate container {}\n", id.short()))?;
        }
        Ok(())
    }

    /// A step's key: its parent, what it says, and the config it leads to.
    pub(super) fn key(&self, stage: &Stage, created_by: &str, run: &RunConfig) -> Key {
        let parent = stage
            .id
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let run = serde_json::to_vec(run).unwrap_or_default();
        cache::key(&[parent.as_bytes(), created_by.as_bytes(), &run])
    }

    /// Goes on from the image that the same step made before, if there is one.
    pub(super) fn cached(&mut self, stage: &mut Stage, key: &Key) -> Result<bool, BuildError> {
        if self.missed() {
            return Ok(false);
        }
        // An image that was removed since, or lost a layer, is made again.
        let known = self.engine.builds.cache.get(key);
        let adopted = known.map(|id| stage.adopt(&self.engine.store, &id));
        if !matches!(adopted, Some(Ok(()))) {
            self.miss();
            return Ok(false);
        }
        self.output.say(" ---> Using cache\n")?;
        Ok(true)
    }

    /// A step without files.
    pub(super) fn config_step(
        &mut self,
        stage: &mut Stage,
        run: RunConfig,
        created_by: String,
    ) -> Result<(), BuildError> {
        let key = self.key(stage, &created_by, &run);
        if self.cached(stage, &key)? {
            return Ok(());
        }
        let id = self.say_container()?;
        self.commit(stage, run, created_by, None, key)?;
        self.say_removed(&id)
    }

    /// What a step wrote, as a layer; `None` when it wrote nothing.
    pub(super) fn layer(
        &self,
        stage: &Stage,
        scratch: &Scratch,
    ) -> Result<Option<Layer>, BuildError> {
        let mut entries =
            fs::read_dir(&scratch.upper).map_err(BuildError::os("read a step's layer"))?;
        if entries.next().is_none() {
            return Ok(None);
        }
        if stage.layers.len() >= MAX_LAYERS {
            return Err(BuildError::Depth);
        }
        Ok(Some(self.engine.store.add_layer(&scratch.upper)?))
    }

    pub(super) fn commit(
        &mut self,
        stage: &mut Stage,
        run: RunConfig,
        created_by: String,
        layer: Option<Layer>,
        key: Key,
    ) -> Result<(), BuildError> {
        stage.commit(&self.engine.store, run, created_by, layer)?;
        if let Some(id) = &stage.id {
            self.engine.builds.cache.put(key, id.clone());
        }
        Ok(())
    }
}
