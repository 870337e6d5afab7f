//! Images as the API shows, names and removes them; the store itself is `drydock-image`.
//!
//! - [`list`], [`inspect`], [`layers`]: what is told about them.
//! - [`save`], [`load`]: archives out and in. [`import`], [`commit`]: an image of a directory tree, of a container.
//! - [`delete`]: untagging and removal, by Docker's rules of conflict.
//! - [`error`]: what can go wrong, in Docker's words.

pub(crate) mod commit;
pub(crate) mod delete;
mod error;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod layers;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod platform;
pub(crate) mod save;

pub(crate) use error::{ImageError, tar_words};

use drydock_image::{ImageId, ImageRef, StoreError};
use jiff::Timestamp;

use crate::{Engine, events::Event};

/// Gives an image a name, as somebody asked for: it is remembered when, and told.
pub(crate) fn tag(engine: &Engine, id: &ImageId, name: &ImageRef) -> Result<(), StoreError> {
    engine.store.tag_at(id, name, Timestamp::now())?;
    tell(engine, "tag", id, &name.to_string());
    Ok(())
}

/// Something happened to an image. Its labels are told with it while it is there.
pub(crate) fn tell(engine: &Engine, action: &'static str, id: &ImageId, name: &str) {
    let config = engine
        .store
        .image(id)
        .ok()
        .and_then(|image| image.config.config);
    let mut attributes = config.and_then(|config| config.labels).unwrap_or_default();
    attributes.insert("name".into(), name.into());
    let event = Event::new("image", action, &id.to_string(), attributes);
    engine.events.tell(event);
}

/// Something happened to an image by its name: Docker tells of pulls and pushes so.
pub(crate) fn tell_of_name(engine: &Engine, action: &'static str, name: &ImageRef) {
    engine.events.tell(Event::new(
        "image",
        action,
        &name.to_string(),
        [("name".into(), name.repository().into())].into(),
    ));
}
