//! Writing an archive as Docker 25 and newer do: an OCI image layout which is at the same time a `docker save`
//! archive, so that old and new Docker, skopeo and containerd read it. After the OCI image specification's
//! `image-layout.md`, and Docker's image specification 1.2 for `manifest.json` and `repositories`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use drydock_spec::{Digest, ImageId, ImageRef};
use serde::Serialize;

use crate::{
    Hold, LayerTar, Store, StoreError,
    layer::digest_of,
    tar::{Entry, Kind, Writer},
};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// An image to be saved, with the names that it is saved by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The image.
    pub id: ImageId,
    /// Names with tags; without any, the archive says only the id.
    pub refs: Vec<ImageRef>,
}

/// Images that are about to be written as an archive; all that they need is there, and stays there meanwhile.
#[derive(Debug)]
pub struct Archive {
    images: Vec<Saved>,
    _hold: Hold,
}

#[derive(Debug)]
struct Saved {
    wanted: Wanted,
    parent: Option<ImageId>,
    created: i64,
    raw_config: Vec<u8>,
    layers: Vec<LayerTar>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: &'static str,
    digest: Digest,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<&'static str, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u8,
    media_type: &'static str,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index {
    schema_version: u8,
    media_type: &'static str,
    manifests: Vec<Descriptor>,
}

/// One of `manifest.json`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<ImageId>,
    layer_sources: BTreeMap<Digest, Descriptor>,
}

impl Store {
    /// Prepares an archive of images.
    ///
    /// # Errors
    /// When an image is not present, has no layers (Docker writes none such either), or the exact stream of one of
    /// its layers cannot be had.
    pub fn archive(&self, images: Vec<Wanted>) -> Result<Archive, StoreError> {
        let mut saved = Vec::with_capacity(images.len());
        for wanted in images {
            let image = self.image(&wanted.id)?;
            if image.layers.is_empty() {
                return Err(StoreError::NothingToSave);
            }
            let tars = image
                .layers
                .iter()
                .map(|layer| self.layer_tar(&layer.diff_id));
            saved.push(Saved {
                layers: tars.collect::<Result<_, _>>()?,
                parent: image.parent,
                created: image.created,
                raw_config: image.raw_config,
                wanted,
            });
        }
        let layers = saved.iter().flat_map(|image| &image.layers);
        let hold = self.hold(layers.map(|layer| layer.diff_id().clone()));
        Ok(Archive {
            images: saved,
            _hold: hold,
        })
    }
}

impl Archive {
    /// Writes it. Blocks; memory stays flat.
    ///
    /// # Errors
    /// When writing fails, or a layer is not what it was; then the archive is not whole.
    pub fn write_to(&self, out: impl Write) -> Result<(), StoreError> {
        let mut out = Out {
            tar: Writer::new(out),
            blobs: BTreeSet::new(),
        };
        out.dir("blobs/")?;
        out.dir("blobs/sha256/")?;
        let mut manifests = Vec::new();
        for image in &self.images {
            let manifest = json(&image.manifest());
            for layer in &image.layers {
                out.layer(layer, image.created)?;
            }
            out.blob(&image.wanted.id.0, &image.raw_config, image.created)?;
            let digest = digest_of(&manifest);
            out.blob(&digest, &manifest, 0)?;
            manifests.extend(image.indexed(&digest, manifest.len() as u64));
        }
        let index = Index {
            schema_version: 2,
            media_type: INDEX,
            manifests,
        };
        out.file("index.json", &json(&index), 0)?;
        out.file("manifest.json", &line(&self.items()), 0)?;
        out.file("oci-layout", br#"{"imageLayoutVersion": "1.0.0"}"#, 0)?;
        let repositories = self.repositories();
        if !repositories.is_empty() {
            out.file("repositories", &line(&repositories), 0)?;
        }
        out.tar.finish().map_err(failed)?;
        Ok(())
    }

    /// The images that are in it.
    pub fn ids(&self) -> impl Iterator<Item = &ImageId> {
        self.images.iter().map(|image| &image.wanted.id)
    }

    fn items(&self) -> Vec<Item> {
        let saved = |parent: &ImageId| self.ids().any(|id| id == parent);
        let item = |image: &Saved| Item {
            config: path(&image.wanted.id.0),
            repo_tags: (!image.wanted.refs.is_empty())
                .then(|| image.wanted.refs.iter().map(ToString::to_string).collect()),
            layers: image
                .layers
                .iter()
                .map(|layer| path(layer.diff_id()))
                .collect(),
            parent: image.parent.clone().filter(saved),
            layer_sources: image
                .layers
                .iter()
                .map(|layer| (layer.diff_id().clone(), of_layer(layer)))
                .collect(),
        };
        self.images.iter().map(item).collect()
    }

    /// Name, then tag → topmost layer: what Docker before 1.10 read.
    fn repositories(&self) -> BTreeMap<&str, BTreeMap<&str, &str>> {
        let mut repositories: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for image in &self.images {
            for name in &image.wanted.refs {
                if let (Some(tag), Some(top)) = (name.tag(), image.layers.last()) {
                    let tags = repositories.entry(name.repository()).or_default();
                    tags.insert(tag, top.diff_id().hex());
                }
            }
        }
        repositories
    }
}

impl Saved {
    fn manifest(&self) -> Manifest {
        Manifest {
            schema_version: 2,
            media_type: MANIFEST,
            config: Descriptor {
                media_type: CONFIG,
                digest: self.wanted.id.0.clone(),
                size: self.raw_config.len() as u64,
                annotations: None,
            },
            layers: self.layers.iter().map(of_layer).collect(),
        }
    }

    /// What `index.json` says: one line for each name, or one without a name.
    fn indexed(&self, digest: &Digest, size: u64) -> Vec<Descriptor> {
        let plain = Descriptor {
            media_type: MANIFEST,
            digest: digest.clone(),
            size,
            annotations: None,
        };
        let named = |name: &ImageRef| Descriptor {
            annotations: Some(BTreeMap::from([
                ("io.containerd.image.name", name.full_name()),
                (
                    "org.opencontainers.image.ref.name",
                    name.tag_or_latest().unwrap_or_default().to_owned(),
                ),
            ])),
            ..plain.clone()
        };
        match self.wanted.refs.as_slice() {
            [] => vec![plain],
            refs => refs.iter().map(named).collect(),
        }
    }
}

fn of_layer(layer: &LayerTar) -> Descriptor {
    Descriptor {
        media_type: LAYER,
        digest: layer.diff_id().clone(),
        size: layer.size(),
        annotations: None,
    }
}

fn path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Maps with string keys and plain structs: serialising them cannot fail.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = json(value);
    bytes.push(b'\n');
    bytes
}

fn failed(error: io::Error) -> StoreError {
    StoreError::os("write", "the archive", error)
}

/// The archive while it is written; a blob that several images have is written once.
struct Out<W> {
    tar: Writer<W>,
    blobs: BTreeSet<Digest>,
}

impl<W: Write> Out<W> {
    fn dir(&mut self, name: &str) -> Result<(), StoreError> {
        self.tar
            .start(&Entry::new(name, Kind::Directory, 0o755))
            .map_err(failed)
    }

    fn start(&mut self, name: &str, size: u64, mtime: i64) -> Result<(), StoreError> {
        let mut entry = Entry::new(name, Kind::File, 0o644);
        entry.size = size;
        entry.mtime = mtime;
        self.tar.start(&entry).map_err(failed)
    }

    fn file(&mut self, name: &str, bytes: &[u8], mtime: i64) -> Result<(), StoreError> {
        self.start(name, bytes.len() as u64, mtime)?;
        self.tar.write_all(bytes).map_err(failed)
    }

    fn blob(&mut self, digest: &Digest, bytes: &[u8], mtime: i64) -> Result<(), StoreError> {
        if self.blobs.insert(digest.clone()) {
            self.file(&path(digest), bytes, mtime)?;
        }
        Ok(())
    }

    fn layer(&mut self, layer: &LayerTar, mtime: i64) -> Result<(), StoreError> {
        if self.blobs.insert(layer.diff_id().clone()) {
            self.start(&path(layer.diff_id()), layer.size(), mtime)?;
            layer.write_to(&mut self.tar)?;
        }
        Ok(())
    }
}
