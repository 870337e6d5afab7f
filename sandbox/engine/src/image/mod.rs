//! Images as the API shows, names and removes them; the store itself is `drydock-image`.
//!
//! - [`list`], [`inspect`]: what is told about them. [`pull`]: how one of the host's becomes present.
//! - [`delete`]: untagging and removal, by Docker's rules of conflict.
//! - [`error`]: what can go wrong, in Docker's words.

pub(crate) mod delete;
mod error;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod pull;

pub(crate) use error::ImageError;

use drydock_image::ImageId;

use crate::{Engine, events::Event};

/// Something happened to an image.
pub(crate) fn tell(engine: &Engine, action: &'static str, id: &ImageId, name: &str) {
    engine.events.tell(Event::new(
        "image",
        action,
        &id.to_string(),
        [("name".into(), name.into())].into(),
    ));
}
