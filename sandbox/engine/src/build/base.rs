//! What a stage begins with: FROM, and the images that COPY takes from.

use drydock_api::models::JsonMessage;
use drydock_dockerfile::{ResolveError, expand::Lexer};
use drydock_image::{ImageId, ImageRef, StoreError};

use super::{builder::Builder, error::BuildError, stage::Stage};
use crate::{Engine, error::EngineError, image::ImageError, registry::pull};

impl Builder<'_> {
    /// FROM: scratch, an earlier stage, or an image.
    pub(super) fn from(&mut self, written: &str) -> Result<Stage, BuildError> {
        let base = Lexer::classic(self.escape())
            .expand(written, &self.args.global_env())
            .map_err(ResolveError::from)?
            .text;
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
        match (pulled(self.engine, name), known) {
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

/// Pulls an image; what Docker shows of it. Called where blocking is allowed.
pub(crate) fn pulled(engine: &Engine, name: &str) -> Result<Vec<JsonMessage>, EngineError> {
    let name: ImageRef = name.parse().map_err(ImageError::from)?;
    tokio::runtime::Handle::current().block_on(async {
        let begun = pull::begin(engine, name, None).await?;
        let (lines, mut shown) = pull::queue();
        let work = async move {
            begun.run(&lines).await;
        };
        let show = async {
            let mut kept = Vec::new();
            while let Some(line) = shown.recv().await {
                // Without a terminal, steps of progress are not shown.
                let progress = line.progress_detail.as_ref();
                if progress.is_none_or(|progress| progress.current.is_none()) {
                    kept.push(line);
                }
            }
            kept
        };
        let ((), kept) = tokio::join!(work, show);
        match kept.last().and_then(|line| line.error.clone()) {
            Some(error) => Err(ImageError::Registry(error).into()),
            None => Ok(kept),
        }
    })
}
