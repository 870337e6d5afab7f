//! Base images: found here, or where `docker pull` would look.

use std::collections::HashMap;

use drydock_api::build::Lines;
use drydock_image::{ImageId, ImageRef, StoreError};

use super::{
    error::{Failed, Failure},
    names,
    plan::Images,
    report::Report,
};
use crate::{Engine, build::base, error::EngineError};

/// The images of one build, each looked for once.
#[derive(Debug)]
pub(super) struct Loader<'a> {
    pub(super) engine: &'a Engine,
    pub(super) report: &'a Report,
    /// `--pull`.
    pub(super) pull: bool,
    pub(super) found: HashMap<String, ImageId>,
}

impl Images for Loader<'_> {
    fn load(&mut self, name: &str, lines: Lines) -> Result<(ImageId, Vec<String>), Failed> {
        if let Some(id) = self.found.get(name) {
            let id = id.clone();
            let triggers = self.triggers(&id).map_err(|why| why.at(lines))?;
            return Ok((id, triggers));
        }
        let shown = format!("[internal] load metadata for {}", names::image(name));
        let shown = self.report.begin(&shown, "metadata", Vec::new());
        let shown = shown.map_err(|gone| Failure::from(gone).at(lines))?;
        let found = self.find(name).and_then(|id| Ok((self.triggers(&id)?, id)));
        let told = match &found {
            Ok(_) => shown.done(),
            Err(why) => shown.failed(&why.to_string()),
        };
        told.map_err(|gone| Failure::from(gone).at(lines))?;
        let (triggers, id) = found.map_err(|why| Failed {
            step: Some((shown.name().to_owned(), shown.digest().to_owned())),
            ..why.at(lines)
        })?;
        self.found.insert(name.into(), id.clone());
        Ok((id, triggers))
    }
}

impl Loader<'_> {
    fn triggers(&self, id: &ImageId) -> Result<Vec<String>, Failure> {
        let config = self.engine.store.image(id)?.config.config;
        Ok(config.and_then(|run| run.on_build).unwrap_or_default())
    }

    /// One that is not here is pulled; `--pull` asks for a newer one, and is content with what only lives here.
    fn find(&self, name: &str) -> Result<ImageId, Failure> {
        let known = self.engine.store.resolve(name);
        let is_missing = matches!(known, Err(StoreError::NoSuchImage(_)));
        if !(is_missing || self.pull && name.parse::<ImageRef>().is_ok()) {
            return Ok(known?);
        }
        match (base::pulled(self.engine, name), known) {
            (Ok(_), _) => Ok(self.engine.store.resolve(name)?),
            (Err(_), Ok(id)) => Ok(id),
            (Err(EngineError::Image(reason)), Err(_)) => Err(Failure::Base {
                name: name.into(),
                reason,
            }),
            (Err(error), Err(_)) => Err(Failure::Pull {
                name: name.into(),
                reason: error.message(),
            }),
        }
    }
}
