//! `docker save`: images → an archive.

use std::io::{self, Write};

use drydock_image::{
    ImageId, ImageRef, StoreError,
    archive::{Archive, Wanted},
};

use super::{ImageError, platform::Platform, tell};
use crate::{Engine, error::EngineError};

/// Finds what is asked for and all that it needs. Blocks.
pub(crate) fn prepare(
    engine: &Engine,
    names: &[String],
    platform: &Platform,
) -> Result<Archive, EngineError> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for name in names {
        for (id, reference) in meant(engine, name)? {
            let at = wanted.iter().position(|image| image.id == id);
            let at = at.unwrap_or_else(|| {
                let refs = Vec::new();
                wanted.push(Wanted { id, refs });
                wanted.len() - 1
            });
            let refs = &mut wanted[at].refs;
            refs.extend(reference.filter(|name| !refs.contains(name)));
        }
    }
    for image in &wanted {
        let image = engine.store.image(&image.id).map_err(ImageError::from)?;
        if !platform.fits(&image.config) {
            return Err(ImageError::OtherPlatform(platform.clone()).into());
        }
    }
    Ok(engine.store.archive(wanted).map_err(ImageError::from)?)
}

/// A repository means all its tags, a name with a tag that image, all else an image without its names.
fn meant(engine: &Engine, text: &str) -> Result<Vec<(ImageId, Option<ImageRef>)>, EngineError> {
    let failed = |error| EngineError::from(ImageError::from(error));
    match text.parse::<ImageRef>() {
        Ok(name) if name.tag().is_some() || name.digest().is_some() => {
            let id = engine.store.named(&name).map_err(failed)?;
            let id = id.ok_or(ImageError::NoReference)?;
            return Ok(vec![(id, name.digest().is_none().then_some(name))]);
        }
        Ok(name) => {
            let mut tagged = Vec::new();
            for image in engine.store.list().map_err(failed)? {
                let of_it = |tag: &ImageRef| tag.repository() == name.repository();
                let tags = image.tags.into_iter().filter(of_it);
                tagged.extend(tags.map(|tag| (image.id.clone(), Some(tag))));
            }
            if !tagged.is_empty() {
                return Ok(tagged);
            }
        }
        // 64 hex digits are an id, and no name.
        Err(_) => {}
    }
    match engine.store.resolve(text) {
        Ok(id) => Ok(vec![(id, None)]),
        Err(StoreError::NoSuchImage(_)) => Err(ImageError::NoSuchImage(text.into()).into()),
        Err(error) => Err(failed(error)),
    }
}

/// Writes the archive into an answer. Blocks.
pub(crate) fn write(engine: &Engine, archive: &Archive, out: impl Write) -> io::Result<()> {
    archive.write_to(out).map_err(io::Error::other)?;
    for id in archive.ids() {
        tell(engine, "save", id, &id.to_string());
    }
    Ok(())
}
