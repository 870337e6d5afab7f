//! The store: images, layers and names, on one directory or on two.
//!
//! - [`Store`] and its reading side are here; `write` changes images and names, `layers` layers; `stream`
//!   gives a layer's tar stream again.
//! - `disk`: one directory; `staging`: half-made things; `hold`: layers that containers stand on.

mod disk;
mod hold;
mod layers;
mod lower;
mod resolve;
mod staging;
mod stream;
mod write;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use drydock_spec::{Digest, ImageId, ImageRef};
use jiff::Timestamp;

pub(crate) use self::{disk::Disk, staging::Staging};
use self::{
    disk::{Record, Refs},
    hold::Holds,
};
pub use self::{hold::Hold, layers::NewLayer, stream::LayerTar};
use crate::{ImageConfig, StoreError};

/// An image store. Cheap to clone; nothing is kept in memory but its paths.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// What is written to; for the host's store, all there is.
    own: Disk,
    /// The host's store under a sandbox's.
    lower: Option<Disk>,
    holds: Mutex<Holds>,
}

/// One line of `docker images`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSummary {
    /// Its id.
    pub id: ImageId,
    /// The image of the build step before, if it was built here.
    pub parent: Option<ImageId>,
    /// Its names with tags, sorted.
    pub tags: Vec<ImageRef>,
    /// Its names with digests, sorted.
    pub digests: Vec<ImageRef>,
    /// Unix seconds.
    pub created: i64,
    /// Bytes in all its layers, as Docker counts them.
    pub size: u64,
}

/// An image with its config and layers.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// The image of the build step before, if it was built here.
    pub parent: Option<ImageId>,
    /// Its config.
    pub config: ImageConfig,
    /// The bytes whose digest is the id.
    pub raw_config: Vec<u8>,
    /// Lowest first, as in the config. An overlay wants them topmost first.
    pub layers: Vec<Layer>,
    /// Its names with tags, sorted.
    pub tags: Vec<ImageRef>,
    /// Its names with digests, sorted.
    pub digests: Vec<ImageRef>,
    /// Unix seconds.
    pub created: i64,
    /// Bytes in all its layers, as Docker counts them.
    pub size: u64,
    /// When it was last given a name by hand, see [`Store::tag_at`].
    pub tagged: Option<Timestamp>,
}

/// An unpacked layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The digest of its uncompressed tar stream.
    pub diff_id: Digest,
    /// Its files, usable as an overlay lower mounted with `userxattr`.
    pub dir: PathBuf,
    /// Bytes in its files, as Docker counts them.
    pub size: u64,
}

/// What an archive brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedImage {
    /// The image.
    pub id: ImageId,
    /// The names it was given.
    pub refs: Vec<ImageRef>,
    /// Names that other images had before.
    pub replaced: Vec<(ImageRef, ImageId)>,
}

impl Store {
    /// Opens the host's store for reading and writing, making it where there is none.
    ///
    /// # Errors
    /// When the directory cannot be made or written.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Ok(Self::of(Disk::open(root.into())?, None))
    }

    /// Opens a store for reading; a read-only mount will do.
    ///
    /// # Errors
    /// When there is no store.
    pub fn open_read_only(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Ok(Self::of(Disk::open_read_only(root.into())?, None))
    }

    /// A sandbox's view: writes go to `upper`, reads fall through to `lower`, which is never written. At first no
    /// image of the lower store is present; see [`Store::show`] and [`Store::pull`].
    ///
    /// # Errors
    /// When `upper` cannot be made or `lower` is no store.
    pub fn layered(
        upper: impl Into<PathBuf>,
        lower: impl Into<PathBuf>,
    ) -> Result<Self, StoreError> {
        let lower = Disk::open_read_only(lower.into())?;
        Ok(Self::of(Disk::open(upper.into())?, Some(lower)))
    }

    fn of(own: Disk, lower: Option<Disk>) -> Self {
        let inner = Inner {
            own,
            lower,
            holds: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The directory that is written to.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.inner.own.root()
    }

    pub(crate) fn own(&self) -> &Disk {
        &self.inner.own
    }

    fn lower(&self) -> Option<&Disk> {
        self.inner.lower.as_ref()
    }

    fn disks(&self) -> impl Iterator<Item = &Disk> {
        std::iter::once(&self.inner.own).chain(&self.inner.lower)
    }

    /// All images that are present, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&self) -> Result<Vec<ImageSummary>, StoreError> {
        let refs = self.inner.own.refs()?;
        let mut images = Vec::new();
        for id in self.present(&refs)? {
            let Some(record) = self.record(&id)? else {
                continue;
            };
            let (tags, digests) = refs.names_of(&id);
            images.push(ImageSummary {
                parent: record.parent,
                tags,
                digests,
                created: record.created,
                size: record.layers.iter().map(|layer| layer.size).sum(),
                id,
            });
        }
        images.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
        Ok(images)
    }

    /// An image with its config and layers.
    ///
    /// # Errors
    /// [`StoreError::NoSuchImage`] when it is not present.
    pub fn image(&self, id: &ImageId) -> Result<Image, StoreError> {
        let refs = self.inner.own.refs()?;
        if !self.is_present(&refs, id) {
            return Err(StoreError::NoSuchImage(id.to_string()));
        }
        let record = self
            .record(id)?
            .ok_or_else(|| StoreError::NoSuchImage(id.to_string()))?;
        let raw_config = self.config_bytes(id)?;
        let config = ImageConfig::parse(&raw_config)
            .map_err(|error| StoreError::Config(error.to_string()))?;
        let mut layers = Vec::with_capacity(record.layers.len());
        for layer in &record.layers {
            let dir = self
                .layer_dir(&layer.diff_id)
                .ok_or_else(|| StoreError::MissingLayer(layer.diff_id.clone()))?;
            layers.push(Layer {
                diff_id: layer.diff_id.clone(),
                dir,
                size: layer.size,
            });
        }
        let (tags, digests) = refs.names_of(id);
        Ok(Image {
            id: id.clone(),
            parent: record.parent,
            config,
            raw_config,
            size: layers.iter().map(|layer| layer.size).sum(),
            layers,
            tags,
            digests,
            created: record.created,
            tagged: refs.tagged.get(id).copied(),
        })
    }

    /// A layer by its diff id, whichever image it belongs to.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn layer(&self, diff_id: &Digest) -> Result<Option<Layer>, StoreError> {
        for disk in self.disks() {
            if let Some(meta) = disk.layer_meta(diff_id)? {
                return Ok(Some(Layer {
                    dir: disk.layer_fs(diff_id),
                    diff_id: diff_id.clone(),
                    size: meta.size,
                }));
            }
        }
        Ok(None)
    }

    fn layer_dir(&self, diff_id: &Digest) -> Option<PathBuf> {
        self.disks()
            .map(|disk| disk.layer_fs(diff_id))
            .find(|dir| dir.is_dir())
    }

    fn record(&self, id: &ImageId) -> Result<Option<Record>, StoreError> {
        for disk in self.disks() {
            if let Some(record) = disk.record(id)? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn config_bytes(&self, id: &ImageId) -> Result<Vec<u8>, StoreError> {
        for disk in self.disks() {
            if let Some(bytes) = disk.blob(&id.0)? {
                return Ok(bytes);
            }
        }
        Err(StoreError::NoSuchImage(id.to_string()))
    }

    /// Own images, and those of the lower store that were shown or pulled.
    fn present(&self, refs: &Refs) -> Result<Vec<ImageId>, StoreError> {
        let mut ids = self.inner.own.image_ids()?;
        ids.extend(refs.borrowed.iter().cloned());
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn is_present(&self, refs: &Refs, id: &ImageId) -> bool {
        refs.borrowed.contains(id) || self.inner.own.has_image(id)
    }
}

#[cfg(test)]
mod tests;
