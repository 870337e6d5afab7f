//! An image as registries want it: a manifest, a config, and gzip-compressed layers.
//!
//! A layer's tar stream is always the same, and compressing it too: the same layer has the same digest, today and
//! tomorrow, so nothing compressed needs to be kept.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use drydock_image::{Digest, Image, Store, StoreError, layer::HashWriter};
use flate2::{Compression, GzBuilder};
use serde::Serialize;

pub(crate) const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// Layers of which is remembered where they are known.
const REMEMBERED: usize = 4096;
/// Places of one layer.
const PLACES: usize = 8;

/// Some bytes that a registry has or is to have, in the order in which Docker writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub media_type: &'static str,
    pub size: u64,
    pub digest: Digest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u32,
    media_type: &'static str,
    config: &'a Descriptor,
    layers: Vec<&'a Descriptor>,
}

/// An image, ready to be uploaded.
#[derive(Debug)]
pub(crate) struct Packed {
    pub manifest: Vec<u8>,
    pub manifest_digest: Digest,
    pub config: Vec<u8>,
    pub config_blob: Descriptor,
    pub layers: Vec<PackedLayer>,
}

/// A layer, and what it is when it is compressed.
#[derive(Debug)]
pub(crate) struct PackedLayer {
    pub diff_id: Digest,
    pub blob: Descriptor,
}

impl Packed {
    /// Of an image whose layers were compressed to `blobs`.
    pub(crate) fn new(image: Image, blobs: Vec<Descriptor>) -> Self {
        let config_blob = Descriptor {
            media_type: CONFIG,
            size: image.raw_config.len() as u64,
            digest: image.id.0.clone(),
        };
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST,
            config: &config_blob,
            layers: blobs.iter().collect(),
        };
        let manifest = pretty(&manifest);
        let layers = image.layers.into_iter().zip(blobs);
        Self {
            manifest_digest: drydock_image::layer::digest_of(&manifest),
            manifest,
            config: image.raw_config,
            config_blob,
            layers: layers
                .map(|(layer, blob)| PackedLayer {
                    diff_id: layer.diff_id,
                    blob,
                })
                .collect(),
        }
    }
}

/// As Docker writes manifests: three spaces.
fn pretty(manifest: &impl Serialize) -> Vec<u8> {
    let mut json = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, format);
    // Plain structs and strings: serialising them cannot fail.
    let _ = manifest.serialize(&mut serializer);
    json
}

/// Writes a layer compressed. Blocks.
pub(crate) fn compress(store: &Store, layer: &Digest, to: impl Write) -> Result<(), StoreError> {
    // No time and no name in its header: the same tar is the same gzip.
    let mut gzip = GzBuilder::new().write(to, Compression::default());
    store.layer_tar(layer)?.write_to(&mut gzip)?;
    gzip.finish()
        .and_then(|mut to| to.flush())
        .map_err(StoreError::from_write)
}

/// What a layer is when it is compressed. Blocks.
pub(crate) fn measure(store: &Store, layer: &Digest) -> Result<Descriptor, StoreError> {
    let mut hash = HashWriter::new(io::sink());
    compress(store, layer, &mut hash)?;
    Ok(layer_blob(hash.size(), hash.finish()))
}

/// A compressed layer.
pub(crate) fn layer_blob(size: u64, digest: Digest) -> Descriptor {
    Descriptor {
        media_type: LAYER,
        size,
        digest,
    }
}

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub registry: String,
    pub repository: String,
}

/// What layers are when they are compressed, and who has them so.
#[derive(Debug, Default)]
pub(crate) struct KnownLayers(Mutex<HashMap<Digest, Known>>);

#[derive(Debug, Default)]
struct Known {
    /// As we compress it.
    ours: Option<Descriptor>,
    /// As it is there, whoever compressed it.
    places: Vec<(Place, Descriptor)>,
}

impl KnownLayers {
    /// As we compress it, if that was found out before.
    pub(crate) fn ours(&self, diff_id: &Digest) -> Option<Descriptor> {
        self.with(|known| known.get(diff_id)?.ours.clone())
    }

    /// As that repository has it.
    pub(crate) fn at(&self, diff_id: &Digest, place: &Place) -> Option<Descriptor> {
        self.with(|known| {
            let places = &known.get(diff_id)?.places;
            let found = places.iter().find(|(known, _)| known == place)?;
            Some(found.1.clone())
        })
    }

    /// Another repository of the same registry that has just these bytes.
    pub(crate) fn elsewhere(
        &self,
        diff_id: &Digest,
        place: &Place,
        blob: &Digest,
    ) -> Option<String> {
        self.with(|known| {
            let mut places = known.get(diff_id)?.places.iter();
            let found = places.find(|(known, has)| {
                known.registry == place.registry && known != place && has.digest == *blob
            })?;
            Some(found.0.repository.clone())
        })
    }

    /// Found out how we compress it.
    pub(crate) fn compressed(&self, diff_id: &Digest, blob: Descriptor) {
        self.change(diff_id, |known| known.ours = Some(blob));
    }

    /// A repository has it so.
    pub(crate) fn seen(&self, diff_id: &Digest, place: Place, digest: Digest, size: u64) {
        let blob = layer_blob(size, digest);
        self.change(diff_id, |known| {
            known.places.retain(|(other, _)| *other != place);
            known.places.truncate(PLACES - 1);
            known.places.insert(0, (place, blob));
        });
    }

    fn change(&self, diff_id: &Digest, change: impl FnOnce(&mut Known)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            // All of it can be found out again.
            known.clear();
        }
        change(known.entry(diff_id.clone()).or_default());
    }

    fn with<T>(&self, ask: impl FnOnce(&HashMap<Digest, Known>) -> T) -> T {
        ask(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn digest(byte: u8) -> Digest {
        Digest::from_sha256([byte; 32])
    }

    fn place(repository: &str) -> Place {
        Place {
            registry: "r".into(),
            repository: repository.into(),
        }
    }

    #[test]
    fn a_manifest_is_written_as_docker_writes_it() {
        let blob = |media_type, byte| Descriptor {
            media_type,
            size: 7,
            digest: digest(byte),
        };
        let (config, layer) = (blob(CONFIG, 1), blob(LAYER, 2));
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST,
            config: &config,
            layers: vec![&layer],
        };
        let text = String::from_utf8(pretty(&manifest)).unwrap();
        // One layer of a size with one digit: what Docker 20.10 pushed for one was 527 with six digits and four.
        assert_eq!(text.len(), 527 - 5 - 3);
        assert!(text.starts_with("{\n   \"schemaVersion\": 2,\n   \"mediaType\""));
    }

    #[test]
    fn a_layer_is_known_where_it_was_seen() {
        let known = KnownLayers::default();
        known.seen(&digest(1), place("a"), digest(2), 7);
        assert_eq!(known.at(&digest(1), &place("a")).unwrap().size, 7);
        assert_eq!(known.at(&digest(1), &place("b")), None);
        let elsewhere = |blob| known.elsewhere(&digest(1), &place("b"), &digest(blob));
        assert_eq!(elsewhere(2).as_deref(), Some("a"));
        assert_eq!(elsewhere(3), None);
        for byte in 0..20 {
            known.seen(&digest(1), place(&byte.to_string()), digest(byte), 1);
        }
        assert_eq!(known.at(&digest(1), &place("a")), None);
    }
}
