//! What a stage begins with: FROM, and the images that COPY takes from.

use drydock_dockerfile::expand;
use drydock_image::{ImageId, ImageRef, StoreError};

use super::{builder::Builder, error::BuildError, stage::Stage};
use crate::{error::EngineError, image::pull};

impl Builder<'_> {
    /// FROM: scratch, an earlier stage, or an image.
    pub(super) fn from(&mut self, written: &str) -> Result<Stage, BuildError> {
        let base = expand::word(written, &self.args.global_env(), self.escape())?;
        if base.is_empty() {
            return Err(BuildError::BlankBase(written.into()));
        }
        if let Some(stage) = self.named(&base) {
            return Ok(stage.base(&self.engine.store)?);
        }
        if base == "scratch" {
            return Ok(Stage::scratch());
        }
        let id = self.image(&base)?;
        Ok(Stage::from(&self.engine.store, &id)?)
    }

    /// An image by name or id; one that is not here is looked for where `docker pull` would.
    pub(super) fn image(&mut self, name: &str) -> Result<ImageId, BuildError> {
        let known = self.engine.store.resolve(name);
        let wanted = match (&known, self.request.pull) {
            (Err(StoreError::NoSuchImage(_)), _) => true,
            // `--pull` asks for a newer one; an id has none, and one that only lives here is good enough.
            (_, pull) => pull && name.parse::<ImageRef>().is_ok(),
        };
        if !wanted {
            return Ok(known?);
        }
        match (pull::pull(self.engine, name), known) {
            (Ok(lines), _) => {
                for line in &lines {
                    self.output.pulled(line)?;
                }
                Ok(self.engine.store.resolve(name)?)
            }
            (Err(_), Ok(id)) => Ok(id),
            (Err(EngineError::Image(error)), Err(_)) => Err(error.into()),
            (Err(error), Err(_)) => Err(BuildError::Request(error.message())),
        }
    }

    /// A stage that is built, by name or number.
    pub(super) fn finished(&self, name: &str) -> Option<&Stage> {
        let number = || self.done().get(name.parse::<usize>().ok()?);
        self.named(name).or_else(number)
    }

    fn named(&self, name: &str) -> Option<&Stage> {
        let has_name = |stage: &&Stage| {
            stage
                .name
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        self.done().iter().rev().find(has_name)
    }
}
