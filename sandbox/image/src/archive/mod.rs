//! Archives in a tar stream: what `docker save` writes, old and new, and OCI image layouts.
//!
//! One that comes is read once, front to back, as it may come over a network and its list of contents may stand last.
//! So every layer is unpacked when it passes, beside the store, and every small JSON file is kept; then the list is
//! read, everything is checked against it, and what belongs to images is published.
//!
//! - `collect`: the one pass.
//! - [`manifest`]: the lists of contents, docker's and OCI's → images; pure.
//! - `decode`: compressed streams.
//! - `save`: writing one.

mod collect;
mod decode;
pub mod manifest;
mod save;

use std::io::{BufReader, Read};

use drydock_spec::{Digest, ImageId};

use self::{collect::Collected, manifest::Listed};
pub use self::{
    decode::{Compression, decoded},
    save::{Archive, Wanted},
};
use crate::{ImageConfig, ImportedImage, Store, StoreError, layer};

impl Store {
    /// Imports all images of an archive, compressed or not. Ids and digests stay as they are, and are checked.
    ///
    /// # Errors
    /// When the archive is neither kind, is damaged, hostile or over a bound. Nothing of it is then visible.
    pub fn import_archive(&self, archive: impl Read) -> Result<Vec<ImportedImage>, StoreError> {
        self.import_archive_watched(archive, &mut |_, _| ())
    }

    /// As [`Store::import_archive`]; `unpacked` is told of each layer that was not here yet, with its bytes in the
    /// archive.
    ///
    /// # Errors
    /// As there.
    pub fn import_archive_watched(
        &self,
        archive: impl Read,
        unpacked: &mut dyn FnMut(&Digest, u64),
    ) -> Result<Vec<ImportedImage>, StoreError> {
        let archive = decoded(archive).map_err(|error| StoreError::Archive(error.to_string()))?;
        let archive = BufReader::with_capacity(64 << 10, archive);
        let mut collected = Collected::read(self, archive, unpacked)?;
        let listed = manifest::images(|path| collected.json(path))?;
        let mut images = Vec::new();
        for image in listed {
            images.push(Checked::new(&collected, image)?);
        }
        images
            .into_iter()
            .map(|image| self.publish_image(image, &mut collected))
            .collect()
    }

    fn publish_image(
        &self,
        image: Checked,
        collected: &mut Collected,
    ) -> Result<ImportedImage, StoreError> {
        let hold = self.hold(image.diff_ids.iter().cloned());
        for diff_id in &image.diff_ids {
            if let Some(layer) = collected.take_layer(diff_id) {
                self.publish_layer(layer)?;
            }
        }
        let id = self.add_image(&image.raw_config)?;
        drop(hold);
        let mut replaced = Vec::new();
        for name in &image.listed.refs {
            let before = self.named(name)?;
            replaced.extend(
                before
                    .filter(|before| *before != id)
                    .map(|id| (name.clone(), id)),
            );
            self.tag(&id, name)?;
        }
        Ok(ImportedImage {
            id,
            refs: image.listed.refs,
            replaced,
        })
    }
}

/// An image whose config and layers are all there and are what the list says.
struct Checked {
    listed: Listed,
    raw_config: Vec<u8>,
    diff_ids: Vec<Digest>,
}

impl Checked {
    fn new(collected: &Collected, listed: Listed) -> Result<Self, StoreError> {
        let wrong = |what: String| Err(StoreError::Archive(what));
        let Some(raw_config) = collected.json(&listed.config) else {
            return wrong(format!("the archive lacks the config {}", listed.config));
        };
        let id = ImageId(layer::digest_of(&raw_config));
        if manifest::digest_in(&listed.config).is_some_and(|digest| digest != id.0) {
            return wrong(format!("the config {} is damaged", listed.config));
        }
        let config = ImageConfig::parse(&raw_config)
            .map_err(|error| StoreError::Config(error.to_string()))?;
        if !matches!(config.os.as_str(), "" | "linux") {
            return wrong(format!("{id} is an image for {}, not for Linux", config.os));
        }
        let diff_ids = config.rootfs.diff_ids;
        if diff_ids.len() != listed.layers.len() {
            return wrong(format!(
                "the config of {id} names {} layers, the archive {}",
                diff_ids.len(),
                listed.layers.len()
            ));
        }
        for (number, (path, diff_id)) in listed.layers.iter().zip(&diff_ids).enumerate() {
            match collected.layer(path) {
                None => return wrong(format!("the archive lacks the layer {path}")),
                Some(found) if found != diff_id => {
                    return wrong(format!(
                        "invalid diffID for layer {number}: expected \"{diff_id}\", got \"{found}\""
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(Self {
            listed,
            raw_config,
            diff_ids,
        })
    }
}

#[cfg(test)]
mod tests;
