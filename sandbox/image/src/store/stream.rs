//! A layer's tar stream, written again.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use drydock_spec::Digest;

use super::Store;
use crate::{StoreError, layer};

/// The uncompressed tar stream of a layer, byte by byte what its diff id is the digest of. It is not kept anywhere:
/// it is made of the unpacked files each time. [`Store::hold`] keeps them on disk meanwhile.
#[derive(Debug)]
pub struct LayerTar {
    diff_id: Digest,
    size: u64,
    /// The layer's own directory in the store.
    dir: PathBuf,
}

impl Store {
    /// The uncompressed tar stream of a layer: for `docker save` and for registries. Reads the whole layer only when
    /// it was stored by a version that did not note how long its stream is.
    ///
    /// # Errors
    /// [`StoreError::MissingLayer`]; [`StoreError::NoStream`] for a layer of an earlier version whose stream was
    /// made by somebody else.
    pub fn layer_tar(&self, diff_id: &Digest) -> Result<LayerTar, StoreError> {
        for disk in self.disks() {
            let Some(meta) = disk.layer_meta(diff_id)? else {
                continue;
            };
            let dir = disk.layer_path(diff_id);
            let size = match meta.tar_size {
                Some(size) => size,
                None => canonical_size(&dir, diff_id)?,
            };
            return Ok(LayerTar {
                diff_id: diff_id.clone(),
                size,
                dir,
            });
        }
        Err(StoreError::MissingLayer(diff_id.clone()))
    }
}

/// The length of the stream that we make of a layer's files, if it is the layer's.
fn canonical_size(dir: &Path, diff_id: &Digest) -> Result<u64, StoreError> {
    let mut hash = layer::HashWriter::new(io::sink());
    layer::write_tar(
        open(&fs(dir))?.as_fd(),
        &mut hash,
        &layer::Limits::default(),
    )?;
    let size = hash.size();
    if hash.finish() == *diff_id {
        Ok(size)
    } else {
        Err(StoreError::NoStream(diff_id.clone()))
    }
}

impl LayerTar {
    /// Its digest.
    #[must_use]
    pub fn diff_id(&self) -> &Digest {
        &self.diff_id
    }

    /// Its length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes the stream. Blocks; memory stays flat.
    ///
    /// # Errors
    /// When writing fails, or the layer's files are not what they were: by then most of the stream is written, so
    /// its receiver must be told that it is not whole.
    pub fn write_to(&self, out: &mut impl Write) -> Result<(), StoreError> {
        let root = open(&fs(&self.dir))?;
        let mut out = layer::HashWriter::new(out);
        match found(self.dir.join(SPLIT))? {
            None => {
                layer::write_tar(root.as_fd(), &mut out, &layer::Limits::default())?;
            }
            Some(split) => {
                let replaced = found(self.dir.join(REPLACED))?;
                let replaced = replaced.as_ref().map(File::as_fd);
                layer::split::replay(&split, root.as_fd(), replaced, &mut out)?;
            }
        }
        let found = out.finish();
        if found == self.diff_id {
            Ok(())
        } else {
            Err(StoreError::LayerChanged {
                layer: self.diff_id.clone(),
                found,
            })
        }
    }
}

/// What the stream says beyond the files; absent from layers whose stream is the one that we make of them.
pub(super) const SPLIT: &str = "split.zst";
/// Files that later entries of the same layer replaced.
pub(super) const REPLACED: &str = "replaced";

fn fs(layer: &Path) -> PathBuf {
    layer.join("fs")
}

fn open(path: &Path) -> Result<File, StoreError> {
    File::open(path).map_err(|error| StoreError::os("open", path, error))
}

fn found(path: PathBuf) -> Result<Option<File>, StoreError> {
    match File::open(&path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::os("open", path, error)),
    }
}

#[cfg(test)]
mod tests;
