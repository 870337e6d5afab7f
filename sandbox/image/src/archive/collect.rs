//! One pass over an archive: layers are unpacked, JSON files kept, the rest passed over.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use drydock_spec::Digest;

use super::{Compression, decode::peek, decoded, manifest};
use crate::{
    NewLayer, Store, StoreError,
    layer::HashReader,
    tar::{self, Kind, Reader},
};

/// Largest JSON file; a config of a thousand build steps is a tenth of it.
const MAX_JSON: u64 = 4 << 20;
/// All of them together.
const MAX_ALL_JSON: usize = 16 << 20;
/// Files in an archive; images have at most 127 layers, and old archives three files for each.
const MAX_FILES: usize = 20_000;
/// Layers in an archive, each of which keeps a directory open until the end.
const MAX_LAYERS: usize = 500;

/// What an archive held.
#[derive(Default)]
pub(super) struct Collected {
    json: HashMap<String, Vec<u8>>,
    layers: HashMap<String, Digest>,
    unpacked: HashMap<Digest, NewLayer>,
    links: HashMap<String, String>,
}

impl Collected {
    pub(super) fn read(
        store: &Store,
        archive: impl Read,
        unpacked: &mut dyn FnMut(&Digest, u64),
    ) -> Result<Self, StoreError> {
        let mut collected = Self::default();
        let mut reader = Reader::new(archive);
        let mut files = 0;
        while let Some(entry) = reader.next()? {
            files += 1;
            if files > MAX_FILES {
                return Err(too_much(MAX_FILES, "files"));
            }
            let path = normal(&String::from_utf8_lossy(&entry.name));
            let link = || String::from_utf8_lossy(&entry.link).into_owned();
            match entry.kind {
                Kind::File => {
                    if let Some(layer) = collected.file(store, path, &mut reader)? {
                        unpacked(&layer, entry.size);
                    }
                }
                // Old `docker save` writes a layer that several images share once, and links to it.
                Kind::Symlink => {
                    let target = manifest::relative(&path, &link());
                    collected.links.insert(path, target);
                }
                Kind::HardLink => {
                    collected.links.insert(path, normal(&link()));
                }
                _ => {}
            }
        }
        Ok(collected)
    }

    pub(super) fn json(&self, path: &str) -> Option<Vec<u8>> {
        self.json.get(self.target(path)).cloned()
    }

    /// The diff id of the layer at a path.
    pub(super) fn layer(&self, path: &str) -> Option<&Digest> {
        self.layers.get(self.target(path))
    }

    /// A layer that is not in the store yet, once.
    pub(super) fn take_layer(&mut self, diff_id: &Digest) -> Option<NewLayer> {
        self.unpacked.remove(diff_id)
    }

    fn target<'a>(&'a self, path: &'a str) -> &'a str {
        // One link deep, which is all that is written; more could be a loop.
        self.links.get(path).map_or(path, String::as_str)
    }

    /// Answers with the layer's diff id, if it is one that the store does not have.
    fn file(
        &mut self,
        store: &Store,
        path: String,
        data: impl Read,
    ) -> Result<Option<Digest>, StoreError> {
        let mut new = None;
        // A name that is a digest is a promise.
        let promised = path
            .starts_with("blobs/")
            .then(|| manifest::digest_in(&path))
            .flatten();
        let mut hashed = HashReader::new(data);
        let (start, stream) = peek(&mut hashed, 512).map_err(wrong)?;
        let compression = Compression::sniff(&start);
        if compression != Compression::None || tar::sniff(&start) {
            if let Some(digest) = &promised
                && compression == Compression::None
                && store.layer(digest)?.is_some()
            {
                // An uncompressed layer's name is its diff id, and this one is in the store.
                self.layers.insert(path, digest.clone());
                return Ok(None);
            }
            new = self.add_layer(store, path.clone(), decoded(stream).map_err(wrong)?)?;
        } else if matches!(start.trim_ascii_start().first(), Some(b'{' | b'[')) {
            self.add_json(path.clone(), stream)?;
        }
        if let Some(promised) = promised {
            io::copy(&mut hashed, &mut io::sink()).map_err(wrong)?;
            if hashed.finish() != promised {
                return Err(wrong(format!("{path} is damaged: its digest is another")));
            }
        }
        Ok(new)
    }

    fn add_layer(
        &mut self,
        store: &Store,
        path: String,
        tar: impl Read,
    ) -> Result<Option<Digest>, StoreError> {
        if self.layers.len() >= MAX_LAYERS {
            return Err(too_much(MAX_LAYERS, "layers"));
        }
        let layer = store.unpack_layer(tar)?;
        for note in layer.notes() {
            tracing::info!("{path}: {note}");
        }
        let diff_id = layer.diff_id().clone();
        self.layers.insert(path, diff_id.clone());
        if store.layer(&diff_id)?.is_some() {
            return Ok(None);
        }
        self.unpacked.insert(diff_id.clone(), layer);
        Ok(Some(diff_id))
    }

    fn add_json(&mut self, path: String, data: impl Read) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        data.take(MAX_JSON + 1)
            .read_to_end(&mut bytes)
            .map_err(wrong)?;
        let all: usize = self.json.values().map(Vec::len).sum();
        if bytes.len() as u64 > MAX_JSON || all + bytes.len() > MAX_ALL_JSON {
            return Err(wrong(format!("{path} is too large for what it should be")));
        }
        self.json.insert(path, bytes);
        Ok(())
    }
}

fn normal(path: &str) -> String {
    path.trim_start_matches("./")
        .trim_end_matches('/')
        .to_owned()
}

fn wrong(error: impl ToString) -> StoreError {
    StoreError::Archive(error.to_string())
}

fn too_much(limit: usize, what: &str) -> StoreError {
    StoreError::Archive(format!("the archive has more than {limit} {what}"))
}
