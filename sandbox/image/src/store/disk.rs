//! One store directory: where its files are, how they are read, how they are replaced.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use drydock_spec::{Digest, ImageId, ImageRef};
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::staging;
use crate::StoreError;

/// No file of the store that is read whole is larger: configs are bounded at import, the rest is small.
const MAX_FILE: u64 = 8 << 20;

/// A store directory.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    writable: bool,
}

/// `refs.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Refs {
    /// `name:tag` and `name@digest` → image.
    refs: BTreeMap<String, ImageId>,
    /// Images of the lower store that are present here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) borrowed: BTreeSet<ImageId>,
    /// When somebody last gave an image a name here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tagged: BTreeMap<ImageId, Timestamp>,
}

/// `images/<hex>.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) created: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<ImageId>,
    pub(super) layers: Vec<LayerRecord>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LayerRecord {
    pub(super) diff_id: Digest,
    pub(super) size: u64,
}

/// `layers/<hex>/meta.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LayerMeta {
    pub(super) size: u64,
    /// Bytes of its tar stream; absent from what earlier versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tar_size: Option<u64>,
}

/// The lock of a store's writers, held while something is published.
#[derive(Debug)]
pub(super) struct Publishing {
    _file: File,
}

impl Disk {
    pub(super) fn open(root: PathBuf) -> Result<Self, StoreError> {
        for dir in ["images", "blobs", "layers", "tmp"] {
            let path = root.join(dir);
            fs::create_dir_all(&path)
                .map_err(|error| StoreError::os("create the directory", &path, error))?;
        }
        staging::remove_abandoned(&root.join("tmp"));
        Ok(Self {
            root,
            writable: true,
        })
    }

    pub(super) fn open_read_only(root: PathBuf) -> Result<Self, StoreError> {
        let layers = root.join("layers");
        fs::metadata(&layers)
            .map_err(|error| StoreError::os("open the image store at", &root, error))?;
        Ok(Self {
            root,
            writable: false,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Waits for other writers; they hold the lock for a few renames at most.
    pub(super) fn publish(&self) -> Result<Publishing, StoreError> {
        self.writable()?;
        let path = self.root.join("lock");
        let failed = |error| StoreError::os("lock", &path, error);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => return Ok(Publishing { _file: file }),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(failed(error.into())),
            }
        }
    }

    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        if self.writable {
            Ok(())
        } else {
            Err(StoreError::ReadOnly)
        }
    }

    pub(super) fn refs(&self) -> Result<Refs, StoreError> {
        Ok(self
            .read_json(&self.root.join("refs.json"))?
            .unwrap_or_default())
    }

    pub(super) fn set_refs(&self, refs: &Refs, _: &Publishing) -> Result<(), StoreError> {
        self.write_json(&self.root.join("refs.json"), refs)
    }

    pub(super) fn image_ids(&self) -> Result<Vec<ImageId>, StoreError> {
        let path = self.root.join("images");
        let failed = |error| StoreError::os("read", &path, error);
        let mut ids = Vec::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let hex = name.to_str().and_then(|name| name.strip_suffix(".json"));
            if let Some(Ok(id)) = hex.map(|hex| format!("sha256:{hex}").parse()) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    fn record_path(&self, id: &ImageId) -> PathBuf {
        self.root.join(format!("images/{}.json", id.0.hex()))
    }

    pub(super) fn has_image(&self, id: &ImageId) -> bool {
        self.record_path(id).exists()
    }

    pub(super) fn record(&self, id: &ImageId) -> Result<Option<Record>, StoreError> {
        self.read_json(&self.record_path(id))
    }

    pub(super) fn set_record(
        &self,
        id: &ImageId,
        record: &Record,
        _: &Publishing,
    ) -> Result<(), StoreError> {
        self.write_json(&self.record_path(id), record)
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join(digest.hex())
    }

    pub(super) fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        read_file(&self.blob_path(digest))
    }

    pub(super) fn set_blob(
        &self,
        digest: &Digest,
        bytes: &[u8],
        _: &Publishing,
    ) -> Result<(), StoreError> {
        write_file(&self.blob_path(digest), bytes)
    }

    /// Takes an image's record and config away; its layers and names are the caller's to free.
    pub(super) fn remove_image(&self, id: &ImageId, _: &Publishing) -> Result<(), StoreError> {
        for path in [self.record_path(id), self.blob_path(&id.0)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::os("remove", path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn layer_path(&self, diff_id: &Digest) -> PathBuf {
        self.root.join("layers").join(diff_id.hex())
    }

    pub(super) fn layer_fs(&self, diff_id: &Digest) -> PathBuf {
        self.layer_path(diff_id).join("fs")
    }

    pub(super) fn layer_meta(&self, diff_id: &Digest) -> Result<Option<LayerMeta>, StoreError> {
        self.read_json(&self.layer_path(diff_id).join("meta.json"))
    }

    pub(super) fn write_json<T: Serialize>(
        &self,
        path: &Path,
        value: &T,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let bytes = serde_json::to_vec(value).map_err(|error| StoreError::damaged(path, error))?;
        write_file(path, &bytes)
    }

    fn read_json<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, StoreError> {
        let Some(bytes) = read_file(path)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| StoreError::damaged(path, error))
    }
}

impl Refs {
    pub(super) fn get(&self, name: &ImageRef) -> Option<&ImageId> {
        self.refs.get(&key(name))
    }

    pub(super) fn set(&mut self, name: &ImageRef, id: ImageId) {
        self.refs.insert(key(name), id);
    }

    pub(super) fn remove(&mut self, name: &ImageRef) -> Option<ImageId> {
        self.refs.remove(&key(name))
    }

    pub(super) fn forget(&mut self, id: &ImageId) {
        self.refs.retain(|_, other| other != id);
        self.borrowed.remove(id);
        self.tagged.remove(id);
    }

    /// All names, whether with tag or with digest.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ImageRef, &ImageId)> {
        self.refs
            .iter()
            .filter_map(|(name, id)| Some((name.parse().ok()?, id)))
    }

    pub(super) fn names_of(&self, id: &ImageId) -> (Vec<ImageRef>, Vec<ImageRef>) {
        let mine = self.refs.iter().filter(|(_, other)| *other == id);
        mine.filter_map(|(name, _)| name.parse::<ImageRef>().ok())
            .partition(|name| name.digest().is_none())
    }
}

/// A name as the key of `refs.json`: a digest says all, so a tag beside it is dropped.
fn key(name: &ImageRef) -> String {
    match name.digest() {
        Some(digest) => format!("{}@{digest}", name.repository()),
        None => name.clone().with_default_tag().to_string(),
    }
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| StoreError::os("open", path, error))?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE)
        .read_to_end(&mut bytes)
        .map_err(|error| StoreError::os("read", path, error))?;
    Ok(Some(bytes))
}

/// Replaces a file as a whole. The caller holds the store's lock, so the name beside it is free to use.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let beside = path.with_extension("new");
    let failed = |error| StoreError::os("write", path, error);
    let mut file = File::create(&beside).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_data().map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}
