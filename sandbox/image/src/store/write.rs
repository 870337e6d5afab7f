//! What changes a store's images and names.

use std::collections::HashSet;

use drydock_spec::{Digest, ImageId, ImageRef};
use jiff::Timestamp;

use super::{
    Store,
    disk::{LayerRecord, Record, Refs},
};
use crate::{ImageConfig, StoreError, layer};

impl Store {
    /// Gives an image a name; an image that had the name before loses it.
    ///
    /// # Errors
    /// When the image is not present or the store cannot be written.
    pub fn tag(&self, id: &ImageId, name: &ImageRef) -> Result<(), StoreError> {
        self.change_refs(|refs| self.set_name(refs, id, name))
    }

    /// As [`Store::tag`], and remembers when: so `docker tag` and its like do, and loads and pulls do not.
    ///
    /// # Errors
    /// As there.
    pub fn tag_at(&self, id: &ImageId, name: &ImageRef, now: Timestamp) -> Result<(), StoreError> {
        self.change_refs(|refs| {
            self.set_name(refs, id, name)?;
            refs.tagged.insert(id.clone(), now);
            Ok(())
        })
    }

    fn set_name(&self, refs: &mut Refs, id: &ImageId, name: &ImageRef) -> Result<(), StoreError> {
        if !self.is_present(refs, id) {
            return Err(StoreError::NoSuchImage(id.to_string()));
        }
        refs.set(name, id.clone());
        Ok(())
    }

    /// Takes a name away; the image stays, if need be without a name.
    ///
    /// # Errors
    /// [`StoreError::NoSuchImage`] when nothing has the name.
    pub fn untag(&self, name: &ImageRef) -> Result<ImageId, StoreError> {
        self.change_refs(|refs| {
            refs.remove(name)
                .ok_or_else(|| StoreError::NoSuchImage(name.clone().with_default_tag().to_string()))
        })
    }

    /// Removes an image with all its names, and the layers that nothing else uses. Of the lower store nothing is
    /// removed: the image is merely no longer present. Returns the diff ids of the layers that went, topmost first.
    ///
    /// # Errors
    /// When it is not present or the store cannot be written.
    pub fn remove_image(&self, id: &ImageId) -> Result<Vec<Digest>, StoreError> {
        let layers = {
            let lock = self.inner.own.publish()?;
            let mut refs = self.inner.own.refs()?;
            if !self.is_present(&refs, id) {
                return Err(StoreError::NoSuchImage(id.to_string()));
            }
            let record = self.inner.own.record(id)?;
            refs.forget(id);
            self.inner.own.set_refs(&refs, &lock)?;
            self.inner.own.remove_image(id, &lock)?;
            record.map_or_else(Vec::new, |record| record.layers)
        };
        let mut freed = Vec::new();
        let layers: Vec<Digest> = layers.into_iter().map(|layer| layer.diff_id).collect();
        freed.extend(self.free_layers(&layers)?);
        freed.reverse();
        Ok(freed)
    }

    /// Adds an image by the exact bytes of its config; its id is their digest. All its layers must be there.
    ///
    /// # Errors
    /// When the config is unusable or a layer is missing.
    pub fn add_image(&self, raw_config: &[u8]) -> Result<ImageId, StoreError> {
        self.add_image_on(raw_config, None)
    }

    /// As [`Store::add_image`], for an image that was built on `parent`.
    ///
    /// # Errors
    /// When the config is unusable or a layer is missing.
    pub fn add_image_on(
        &self,
        raw_config: &[u8],
        parent: Option<ImageId>,
    ) -> Result<ImageId, StoreError> {
        let config = ImageConfig::parse(raw_config)
            .map_err(|error| StoreError::Config(error.to_string()))?;
        let id = ImageId(layer::digest_of(raw_config));
        let lock = self.inner.own.publish()?;
        let mut layers = Vec::with_capacity(config.rootfs.diff_ids.len());
        for diff_id in &config.rootfs.diff_ids {
            let layer = self
                .layer(diff_id)?
                .ok_or_else(|| StoreError::MissingLayer(diff_id.clone()))?;
            layers.push(LayerRecord {
                diff_id: diff_id.clone(),
                size: layer.size,
            });
        }
        if self.inner.own.has_image(&id) {
            return Ok(id);
        }
        let record = Record {
            created: config.created_unix(),
            parent,
            layers,
        };
        self.inner.own.set_blob(&id.0, raw_config, &lock)?;
        self.inner.own.set_record(&id, &record, &lock)?;
        Ok(id)
    }

    /// Makes a name of the lower store present, as `docker pull` does.
    ///
    /// # Errors
    /// [`StoreError::NoSuchImage`] when the lower store does not have it.
    pub fn pull(&self, name: &ImageRef) -> Result<ImageId, StoreError> {
        let missing = || StoreError::NoSuchImage(name.clone().with_default_tag().to_string());
        let lower = self.inner.lower.as_ref().ok_or_else(missing)?;
        let lower = lower.refs()?;
        let id = lower.get(name).ok_or_else(missing)?;
        self.borrow([(name.clone(), id.clone())])?;
        Ok(id.clone())
    }

    /// Makes names of the lower store present; returns those that it does not have.
    ///
    /// # Errors
    /// When a store cannot be read or written.
    pub fn show(&self, names: &[ImageRef]) -> Result<Vec<ImageRef>, StoreError> {
        let Some(lower) = &self.inner.lower else {
            return Ok(names.to_vec());
        };
        let lower = lower.refs()?;
        let (there, missing): (Vec<_>, Vec<_>) = names
            .iter()
            .map(|name| (name.clone(), lower.get(name).cloned()))
            .partition(|(_, id)| id.is_some());
        self.borrow(there.into_iter().filter_map(|(name, id)| Some((name, id?))))?;
        Ok(missing.into_iter().map(|(name, _)| name).collect())
    }

    /// Makes all images of the lower store present that have a tag: those that were pulled for a sandbox have only
    /// digests.
    ///
    /// # Errors
    /// When a store cannot be read or written.
    pub fn show_all(&self) -> Result<(), StoreError> {
        let Some(lower) = &self.inner.lower else {
            return Ok(());
        };
        let lower = lower.refs()?;
        let tagged: HashSet<&ImageId> = lower
            .iter()
            .filter(|(name, _)| name.digest().is_none())
            .map(|(_, id)| id)
            .collect();
        let names = lower.iter().filter(|(_, id)| tagged.contains(id));
        self.borrow(names.map(|(name, id)| (name, id.clone())))
    }

    pub(super) fn borrow(
        &self,
        names: impl IntoIterator<Item = (ImageRef, ImageId)>,
    ) -> Result<(), StoreError> {
        self.change_refs(|refs| {
            for (name, id) in names {
                refs.set(&name, id.clone());
                refs.borrowed.insert(id);
            }
            Ok(())
        })
    }

    fn change_refs<T>(
        &self,
        change: impl FnOnce(&mut Refs) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let lock = self.inner.own.publish()?;
        let mut refs = self.inner.own.refs()?;
        let result = change(&mut refs)?;
        self.inner.own.set_refs(&refs, &lock)?;
        Ok(result)
    }
}
