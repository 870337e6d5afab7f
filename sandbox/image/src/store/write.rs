//! What changes a store.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read},
    os::fd::AsFd as _,
    path::PathBuf,
};

use drydock_spec::{Digest, ImageId, ImageRef};

use super::{
    Layer, Staging, Store,
    disk::{LayerMeta, LayerRecord, Publishing, Record, Refs},
};
use crate::{ImageConfig, LayerError, StoreError, layer};

/// A layer that is unpacked but not yet published: nothing of it remains when it is dropped.
#[derive(Debug)]
pub struct NewLayer {
    staging: Staging,
    diff_id: Digest,
    size: u64,
    notes: Vec<String>,
}

impl NewLayer {
    /// The digest of its uncompressed tar stream.
    #[must_use]
    pub fn diff_id(&self) -> &Digest {
        &self.diff_id
    }

    /// What was left out while unpacking, and why.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl Store {
    /// Gives an image a name; an image that had the name before loses it.
    ///
    /// # Errors
    /// When the image is not present or the store cannot be written.
    pub fn tag(&self, id: &ImageId, name: &ImageRef) -> Result<(), StoreError> {
        self.change_refs(|refs| {
            if !self.is_present(refs, id) {
                return Err(StoreError::NoSuchImage(id.to_string()));
            }
            refs.set(name, id.clone());
            Ok(())
        })
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

    /// Makes an overlay's upper directory a layer: hashes its tar stream without writing it, then moves the
    /// directory into the store. The same content twice is the same layer; the second directory is dropped. The
    /// overlay must no longer be mounted.
    ///
    /// Hold the layer ([`Store::hold`]) until an image has it.
    ///
    /// # Errors
    /// When the directory cannot be read or moved, or is over the bounds.
    pub fn add_layer(&self, upper: impl Into<PathBuf>) -> Result<Layer, StoreError> {
        let upper = upper.into();
        let failed = |action, error: io::Error| StoreError::os(action, &upper, error);
        let dir = File::open(&upper).map_err(|error| failed("open", error))?;
        let mut hash = layer::HashWriter::default();
        let summary = layer::write_tar(dir.as_fd(), &mut hash, &layer::Limits::default())?;
        drop(dir);
        let staging = Staging::for_layer(&self.inner.own)?;
        match fs::rename(&upper, staging.layer().join("fs")) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                drop(staging);
                let copied = self.copy_layer(&upper)?;
                fs::remove_dir_all(&upper).map_err(|error| failed("remove", error))?;
                return self.publish_layer(copied);
            }
            Err(error) => return Err(failed("move into the image store", error)),
        }
        self.publish_layer(NewLayer {
            staging,
            diff_id: hash.finish(),
            size: summary.size,
            notes: Vec::new(),
        })
    }

    /// The way round when the directory is on another file system: through a tar file.
    fn copy_layer(&self, upper: &PathBuf) -> Result<NewLayer, StoreError> {
        let staging = Staging::new(&self.inner.own)?;
        let path = staging.path().join("layer.tar");
        let failed = |error: io::Error| StoreError::os("write", &path, error);
        let dir = File::open(upper).map_err(|error| StoreError::os("open", upper, error))?;
        let mut tar = io::BufWriter::new(File::create(&path).map_err(failed)?);
        layer::write_tar(dir.as_fd(), &mut tar, &layer::Limits::default())?;
        tar.into_inner()
            .map_err(|error| failed(error.into_error()))?;
        self.unpack_layer(io::BufReader::new(File::open(&path).map_err(failed)?))
    }

    /// Unpacks an uncompressed layer tar stream beside the store's layers; [`Store::publish_layer`] makes it one.
    ///
    /// # Errors
    /// When the stream is hostile, over the bounds, or cannot be unpacked.
    pub fn unpack_layer(&self, tar: impl Read) -> Result<NewLayer, StoreError> {
        let staging = Staging::for_layer(&self.inner.own)?;
        let path = staging.layer().join("fs");
        let failed = |error| StoreError::os("create the directory", &path, error);
        fs::create_dir(&path).map_err(failed)?;
        let dir = File::open(&path).map_err(failed)?;
        let mut hash = layer::HashReader::new(tar);
        let unpacked = layer::unpack(&mut hash, dir.as_fd(), &layer::Limits::default())?;
        // What follows the end of the archive belongs to the digest too.
        io::copy(&mut hash, &mut io::sink()).map_err(|error| LayerError::os("read", b"", error))?;
        Ok(NewLayer {
            staging,
            diff_id: hash.finish(),
            size: unpacked.size,
            notes: unpacked.notes,
        })
    }

    /// Publishes an unpacked layer. One that is there already is dropped.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn publish_layer(&self, new: NewLayer) -> Result<Layer, StoreError> {
        let meta = new.staging.layer().join("meta.json");
        self.inner
            .own
            .write_json(&meta, &LayerMeta { size: new.size })?;
        if let Ok(dir) = File::open(new.staging.path()) {
            // So that after a power cut a published layer is a whole one.
            let _ = rustix::fs::syncfs(&dir);
        }
        let _lock = self.inner.own.publish()?;
        if let Some(layer) = self.layer(&new.diff_id)? {
            return Ok(layer);
        }
        let path = self.inner.own.layer_path(&new.diff_id);
        fs::rename(new.staging.layer(), &path)
            .map_err(|error| StoreError::os("move a layer to", &path, error))?;
        Ok(Layer {
            dir: self.inner.own.layer_fs(&new.diff_id),
            diff_id: new.diff_id,
            size: new.size,
        })
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

    /// Makes all names of the lower store present.
    ///
    /// # Errors
    /// When a store cannot be read or written.
    pub fn show_all(&self) -> Result<(), StoreError> {
        let Some(lower) = &self.inner.lower else {
            return Ok(());
        };
        let lower = lower.refs()?;
        self.borrow(lower.iter().map(|(name, id)| (name, id.clone())))
    }

    fn borrow(
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

    /// Removes those of `layers` that are this store's own and that neither an image nor a hold uses.
    pub(super) fn free_layers(&self, layers: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        if layers.is_empty() {
            return Ok(Vec::new());
        }
        let lock = self.inner.own.publish()?;
        let used = self.used_layers(&lock)?;
        let mut freed = Vec::new();
        for layer in layers {
            if used.contains(layer) || self.holds().contains_key(layer) {
                continue;
            }
            if self.discard_layer(layer)? {
                freed.push(layer.clone());
            }
        }
        Ok(freed)
    }

    fn used_layers(&self, _: &Publishing) -> Result<HashSet<Digest>, StoreError> {
        let mut used = HashSet::new();
        for id in self.inner.own.image_ids()? {
            if let Some(record) = self.inner.own.record(&id)? {
                used.extend(record.layers.into_iter().map(|layer| layer.diff_id));
            }
        }
        Ok(used)
    }

    /// Renames the layer away first, so that a crash never leaves half of one under its name.
    fn discard_layer(&self, diff_id: &Digest) -> Result<bool, StoreError> {
        let staging = Staging::new(&self.inner.own)?;
        let path = self.inner.own.layer_path(diff_id);
        match fs::rename(&path, staging.path().join("gone")) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::os("remove", path, error)),
        }
    }
}
