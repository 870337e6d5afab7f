//! A sandbox's store above the host's: what the host has, and how it becomes present.

use std::{collections::HashSet, io::Read};

use drydock_spec::{ImageId, ImageRef};

use super::{NewLayer, Store};
use crate::{StoreError, archive::decoded};

impl Store {
    /// The image that the lower store has under this name.
    ///
    /// # Errors
    /// When that store cannot be read.
    pub fn offered(&self, name: &ImageRef) -> Result<Option<ImageId>, StoreError> {
        let Some(lower) = self.lower() else {
            return Ok(None);
        };
        Ok(lower.refs()?.get(name).cloned())
    }

    /// The tags that the lower store has of a repository, sorted.
    ///
    /// # Errors
    /// When that store cannot be read.
    pub fn offered_tags(&self, repository: &str) -> Result<Vec<String>, StoreError> {
        let Some(lower) = self.lower() else {
            return Ok(Vec::new());
        };
        let refs = lower.refs()?;
        let tags = refs
            .iter()
            .filter(|(name, _)| name.repository() == repository && name.digest().is_none())
            .filter_map(|(name, _)| name.tag().map(Into::into));
        Ok(tags.collect())
    }

    /// Makes an image of the lower store present under these names, which it need not have there.
    ///
    /// # Errors
    /// [`StoreError::NoSuchImage`] when the lower store does not have it.
    pub fn adopt(&self, id: &ImageId, names: &[ImageRef]) -> Result<(), StoreError> {
        let there = self.lower().is_some_and(|lower| lower.has_image(id));
        if !there {
            return Err(StoreError::NoSuchImage(id.to_string()));
        }
        self.borrow(names.iter().map(|name| (name.clone(), id.clone())))
    }

    /// Unpacks a layer as registries keep it: a tar stream, compressed or not.
    ///
    /// # Errors
    /// As [`Store::unpack_layer`].
    pub fn unpack_compressed(&self, blob: impl Read) -> Result<NewLayer, StoreError> {
        self.unpack_layer(decoded(blob).map_err(StoreError::from_read)?)
    }

    /// Bytes in all layers of all images, each layer once.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn total_bytes(&self) -> Result<u64, StoreError> {
        let (mut seen, mut bytes) = (HashSet::new(), 0);
        for image in self.list()? {
            for layer in self.image(&image.id)?.layers {
                if seen.insert(layer.diff_id) {
                    bytes += layer.size;
                }
            }
        }
        Ok(bytes)
    }
}
