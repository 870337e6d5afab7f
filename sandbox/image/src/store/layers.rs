//! What changes a store's layers: making, publishing, freeing.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read},
    os::{fd::AsFd as _, unix::fs::PermissionsExt as _},
    path::{Path, PathBuf},
    thread,
};

use drydock_spec::Digest;

use super::{
    Layer, Staging, Store,
    disk::{LayerMeta, Publishing},
    stream::{REPLACED, SPLIT},
};
use crate::{
    LayerError, StoreError,
    layer::{self, split::Recorder},
};

/// Bytes behind a layer's end. They belong to its digest; the most that a writer is known to pad with is 10 KiB.
const MAX_REST: u64 = 16 << 20;

/// A layer that is unpacked but not yet published: nothing of it remains when it is dropped.
#[derive(Debug)]
pub struct NewLayer {
    staging: Staging,
    diff_id: Digest,
    size: u64,
    tar_size: u64,
    notes: Vec<String>,
}

impl NewLayer {
    /// The digest of its uncompressed tar stream.
    #[must_use]
    pub fn diff_id(&self) -> &Digest {
        &self.diff_id
    }

    /// The same files under the digest of the stream that [`layer::write_tar`] makes of them, for layers that we
    /// make ourselves: so they can be saved again as what they are.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn canonical(mut self) -> Result<Self, StoreError> {
        let path = self.staging.layer().join("fs");
        let dir = File::open(&path).map_err(|error| StoreError::os("open", &path, error))?;
        let mut hash = layer::HashWriter::new(io::sink());
        layer::write_tar(dir.as_fd(), &mut hash, &layer::Limits::default())?;
        self.tar_size = hash.size();
        self.diff_id = hash.finish();
        // They are of the other stream.
        self.discard(SPLIT, |path| fs::remove_file(path))?;
        self.discard(REPLACED, |path| fs::remove_dir_all(path))?;
        Ok(self)
    }

    fn discard(
        &self,
        name: &str,
        remove: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let path = self.staging.layer().join(name);
        match remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::os("remove", path, error))
            }
            _ => Ok(()),
        }
    }

    fn meta(&self) -> LayerMeta {
        LayerMeta {
            size: self.size,
            tar_size: Some(self.tar_size),
        }
    }

    /// What was left out while unpacking, and why.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl Store {
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
        let mut hash = layer::HashWriter::new(io::sink());
        let summary = layer::write_tar(dir.as_fd(), &mut hash, &self.limits())?;
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
            tar_size: hash.size(),
            diff_id: hash.finish(),
            size: summary.size,
            notes: Vec::new(),
        })
    }

    /// Makes a layer of a directory that stays as it is; also of one on another file system.
    ///
    /// # Errors
    /// When the directory cannot be read, is over the bounds, or the layer cannot be written.
    pub fn copy_layer(&self, upper: &Path) -> Result<NewLayer, StoreError> {
        let dir = File::open(upper).map_err(|error| StoreError::os("open", upper, error))?;
        let (reader, writer) =
            io::pipe().map_err(|error| StoreError::os("make a pipe for", upper, error))?;
        let limits = self.limits();
        let write = move || {
            let mut out = io::BufWriter::with_capacity(64 << 10, writer);
            layer::write_tar(dir.as_fd(), &mut out, &limits)
        };
        let (written, unpacked) = thread::scope(|scope| {
            let writing = scope.spawn(write);
            let unpacked = self.unpack_layer(io::BufReader::with_capacity(64 << 10, reader));
            (writing.join(), unpacked)
        });
        match written {
            // The reader gave up, and says why.
            Ok(Err(LayerError::Os { source, .. }))
                if source.kind() == io::ErrorKind::BrokenPipe && unpacked.is_err() =>
            {
                unpacked
            }
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(_)) => unpacked,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Unpacks an uncompressed layer tar stream beside the store's layers; [`Store::publish_layer`] makes it one.
    ///
    /// # Errors
    /// When the stream is hostile, over the bounds, or cannot be unpacked.
    pub fn unpack_layer(&self, tar: impl Read) -> Result<NewLayer, StoreError> {
        let staging = Staging::for_layer(&self.inner.own)?;
        let root = make_dir(&staging.layer().join("fs"))?;
        let replaced = make_dir(&staging.layer().join(REPLACED))?;
        let split = staging.layer().join(SPLIT);
        let failed = |error| StoreError::os("write", &split, error);
        let sheet = File::create_new(&split).map_err(failed)?;
        let mut hash = layer::HashReader::new(tar);
        let mut stream = Recorder::to(&mut hash, sheet).map_err(failed)?;
        let limits = self.limits();
        let unpacked =
            layer::unpack_recorded(&mut stream, root.as_fd(), replaced.as_fd(), &limits)?;
        read_rest(&mut stream)?;
        let tar_size = stream.finish().map_err(failed)?;
        // Mostly it is empty; then it goes.
        let _ = fs::remove_dir(staging.layer().join(REPLACED));
        Ok(NewLayer {
            staging,
            diff_id: hash.finish(),
            size: unpacked.size,
            tar_size,
            notes: unpacked.notes,
        })
    }

    /// Publishes an unpacked layer. One that is there already is dropped.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn publish_layer(&self, new: NewLayer) -> Result<Layer, StoreError> {
        let meta = new.staging.layer().join("meta.json");
        self.inner.own.write_json(&meta, &new.meta())?;
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

    /// What a sandbox makes is bounded more tightly: its files can be larger than its storage, being full of holes,
    /// and all of them are hashed.
    fn limits(&self) -> layer::Limits {
        let limits = layer::Limits::default();
        match self.inner.lower {
            Some(_) => layer::Limits {
                bytes: limits.bytes.min(4 << 30),
                ..limits
            },
            None => limits,
        }
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

    /// The layers of this store's images.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn used_by_images(&self) -> Result<HashSet<Digest>, StoreError> {
        let lock = self.inner.own.publish()?;
        self.used_layers(&lock)
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

/// What follows the end of the archive belongs to the digest too.
fn read_rest(stream: &mut impl Read) -> Result<(), StoreError> {
    let rest = io::copy(&mut stream.take(MAX_REST + 1), &mut io::sink())
        .map_err(|error| LayerError::os("read", b"", error))?;
    if rest > MAX_REST {
        return Err(LayerError::TooMuch {
            what: "bytes behind its end",
            limit: MAX_REST,
        }
        .into());
    }
    Ok(())
}

fn make_dir(path: &Path) -> Result<File, StoreError> {
    let failed = |error| StoreError::os("create the directory", path, error);
    fs::create_dir(path).map_err(failed)?;
    // Whatever the umask: one of them is the root that containers see.
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    File::open(path).map_err(failed)
}
