//! Registries, after the OCI distribution specification. The server speaks with them, for everyone; sandboxes never do.
//!
//! - [`pull`]: a name → manifest → config and layers, each checked against its digest. [`push`]: the way back.
//! - [`look`], [`tags`], [`login`]: questions that change nothing.
//! - `client`: requests, who we are, redirects, second tries. `manifest`: lists and platforms.
//! - [`endpoint`], [`challenge`], [`credentials`], `pace`: small rules; pure.
//!
//! Everything that a registry sends has a bound in bytes and in time.

pub mod challenge;
mod client;
pub mod credentials;
pub mod endpoint;
mod error;
mod looking;
mod manifest;
mod pace;
mod pulling;
mod pushing;

use drydock_spec::{ImageId, ImageRef};

pub use self::{
    credentials::Login,
    endpoint::Endpoint,
    error::RegistryError,
    looking::{Looked, login, look, tags},
    manifest::Platform,
    pace::Pace,
    pulling::{PullEvent, Pulled, pull},
    pushing::{PushBlob, PushEvent, PushImage, push},
};
use crate::{Store, StoreError, provision::Progress};

/// How a registry is spoken to.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What it is told, where it asks.
    pub login: Option<Login>,
    /// Registries that may be spoken to without encryption, besides those of this machine.
    pub plain_http: Vec<String>,
    /// How slow it may be.
    pub pace: Pace,
}

/// Pulls an image for the operator, in words, and gives it its name.
///
/// # Errors
/// As [`pull`].
pub fn pull_named(
    store: &Store,
    name: &ImageRef,
    options: Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<ImageId, RegistryError> {
    let name = name.clone().with_default_tag();
    let host = Endpoint::of(&name).host;
    progress(Progress {
        message: &format!("pulling {name} from {host}"),
    });
    let mut count = 0;
    let pulled = pull(
        store,
        &name,
        &Platform::host(),
        options,
        &mut |event| match event {
            PullEvent::Found { layers, .. } => count = layers.len(),
            PullEvent::Pulled(number) => progress(Progress {
                message: &format!("pulled layer {} of {count}", number + 1),
            }),
            PullEvent::Downloading(..) => {}
        },
    )?;
    if let Some(tag) = name.tag() {
        let tagged = ImageRef::new(name.repository(), tag).map_err(StoreError::from)?;
        store.tag(&pulled.id, &tagged)?;
    }
    Ok(pulled.id)
}

#[cfg(test)]
mod tests;
