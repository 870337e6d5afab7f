//! What a learner typed → an image's id, in Docker's order: whole id, name, beginning of an id.

use drydock_spec::{Digest, ImageId, ImageRef};

use super::Store;
use crate::StoreError;

impl Store {
    /// The image that has exactly this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn named(&self, name: &ImageRef) -> Result<Option<ImageId>, StoreError> {
        Ok(self.inner.own.refs()?.get(name).cloned())
    }

    /// The image that `text` means: `name[:tag]`, `name@digest`, an id or the beginning of one.
    ///
    /// # Errors
    /// [`StoreError::NoSuchImage`] when there is none, [`StoreError::Ambiguous`] when an id's beginning fits several.
    pub fn resolve(&self, text: &str) -> Result<ImageId, StoreError> {
        let refs = self.inner.own.refs()?;
        if let Some(id) = whole_id(text) {
            return if self.is_present(&refs, &id) {
                Ok(id)
            } else {
                Err(StoreError::NoSuchImage(text.into()))
            };
        }
        let name = text.parse::<ImageRef>().map(ImageRef::with_default_tag);
        if let Ok(name) = &name
            && let Some(id) = refs.get(name)
        {
            return Ok(id.clone());
        }
        if let Some(start) = id_start(text) {
            let mut fitting = self
                .present(&refs)?
                .into_iter()
                .filter(|id| id.0.hex().starts_with(start));
            match (fitting.next(), fitting.next()) {
                (Some(id), None) => return Ok(id),
                (Some(_), Some(_)) => return Err(StoreError::Ambiguous(text.into())),
                (None, _) => {}
            }
        }
        Err(StoreError::NoSuchImage(name?.to_string()))
    }
}

fn whole_id(text: &str) -> Option<ImageId> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    format!("sha256:{hex}").parse::<Digest>().ok().map(ImageId)
}

fn id_start(text: &str) -> Option<&str> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (!hex.is_empty() && hex.bytes().all(is_hex)).then_some(hex)
}
