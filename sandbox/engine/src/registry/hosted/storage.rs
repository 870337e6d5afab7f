//! What the registry on the workstation keeps: blobs as files in the sandbox's storage, what they are called in
//! memory. It all ends with the sandbox.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use drydock_image::{Digest, layer::HashWriter};
use drydock_spec::SandboxId;

use super::{
    error::HostedError,
    manifest,
    place::{Name, Reference},
};

/// Repositories, tags and manifests of all of them, blobs in all of them, and uploads under way.
const REPOSITORIES: usize = 1000;
const TAGS: usize = 10_000;
const BLOBS: usize = 20_000;
const UPLOADS: usize = 64;

/// The registry's content.
#[derive(Debug)]
pub(crate) struct Storage {
    dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    repositories: BTreeMap<Name, Repository>,
    /// Oldest first: ids are numbered.
    uploads: BTreeMap<String, Upload>,
    begun: u64,
}

#[derive(Debug, Default)]
struct Repository {
    tags: BTreeMap<String, Digest>,
    manifests: BTreeMap<Digest, Note>,
    blobs: BTreeSet<Digest>,
}

/// What is remembered of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub media_type: String,
    pub size: u64,
    /// The manifest that it says something about.
    pub subject: Option<Digest>,
}

/// A blob that is being uploaded; its file goes with it.
#[derive(Debug)]
pub(crate) struct Upload {
    path: PathBuf,
    repository: Name,
    content: Option<HashWriter<File>>,
}

impl Upload {
    /// Adds to it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), HostedError> {
        let content = self.content.as_mut().ok_or(HostedError::NoUpload)?;
        content
            .write_all(bytes)
            .map_err(HostedError::os("write a blob"))
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.content.as_ref().map_or(0, HashWriter::size)
    }
}

impl std::io::Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.content {
            Some(content) => content.write(bytes),
            None => Err(std::io::ErrorKind::NotFound.into()),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Storage {
    /// In a directory of its own, which is made.
    pub(crate) fn open(dir: PathBuf) -> std::io::Result<Self> {
        for room in ["blobs", "uploads"] {
            fs::create_dir_all(dir.join(room))?;
        }
        Ok(Self {
            dir,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.dir.join("blobs").join(digest.hex())
    }

    /// Begins an upload that nobody else sees.
    pub(crate) fn begin(&self, repository: &Name) -> Result<Upload, HostedError> {
        let id = SandboxId::random().to_string();
        let path = self.dir.join("uploads").join(id);
        let file = File::create_new(&path).map_err(HostedError::os("begin a blob"))?;
        Ok(Upload {
            path,
            repository: repository.clone(),
            content: Some(HashWriter::new(file)),
        })
    }

    /// Keeps an upload for the next request; the oldest goes when there are too many. Its id.
    pub(crate) fn keep(&self, upload: Upload) -> String {
        let random = SandboxId::random();
        let mut state = self.state();
        state.begun += 1;
        let id = format!("{:016x}-{random}", state.begun);
        self.put(&mut state, id.clone(), upload);
        id
    }

    /// As [`Storage::keep`], under the id it had.
    pub(crate) fn keep_as(&self, id: String, upload: Upload) {
        self.put(&mut self.state(), id, upload);
    }

    fn put(&self, state: &mut State, id: String, upload: Upload) {
        while state.uploads.len() >= UPLOADS {
            state.uploads.pop_first();
        }
        state.uploads.insert(id, upload);
    }

    /// Takes an upload up again. Nobody else can until it is kept.
    pub(crate) fn take(&self, repository: &Name, id: &str) -> Result<Upload, HostedError> {
        let mut state = self.state();
        match state.uploads.get(id) {
            Some(upload) if upload.repository == *repository => {
                state.uploads.remove(id).ok_or(HostedError::NoUpload)
            }
            _ => Err(HostedError::NoUpload),
        }
    }

    /// Makes an upload a blob. With `wanted`, it must be of that digest.
    pub(crate) fn finish(
        &self,
        mut upload: Upload,
        wanted: Option<&Digest>,
    ) -> Result<(Digest, u64), HostedError> {
        let content = upload.content.take().ok_or(HostedError::NoUpload)?;
        let (size, digest) = (content.size(), content.finish());
        if wanted.is_some_and(|wanted| *wanted != digest) {
            return Err(HostedError::Digest);
        }
        let mut state = self.state();
        let repository = state.repository(&upload.repository)?;
        fs::rename(&upload.path, self.blob_path(&digest))
            .map_err(HostedError::os("keep a blob"))?;
        repository.blobs.insert(digest.clone());
        Ok((digest, size))
    }

    /// Gives a repository a blob that another one has.
    pub(crate) fn mount(&self, to: &Name, from: &Name, blob: &Digest) -> Result<bool, HostedError> {
        let mut state = self.state();
        let has = state
            .repositories
            .get(from)
            .is_some_and(|repository| repository.blobs.contains(blob));
        if has {
            state.repository(to)?.blobs.insert(blob.clone());
        }
        Ok(has)
    }

    /// A blob of a repository and its size.
    pub(crate) fn blob(
        &self,
        repository: &Name,
        digest: &Digest,
    ) -> Result<(File, u64), HostedError> {
        let state = self.state();
        let known = state.repositories.get(repository).is_some_and(|known| {
            known.blobs.contains(digest) || known.manifests.contains_key(digest)
        });
        if !known {
            return Err(HostedError::NoBlob);
        }
        let file = File::open(self.blob_path(digest)).map_err(HostedError::os("open a blob"))?;
        let size = file
            .metadata()
            .map_err(HostedError::os("open a blob"))?
            .len();
        Ok((file, size))
    }

    /// Takes a blob away from a repository.
    pub(crate) fn remove_blob(
        &self,
        repository: &Name,
        digest: &Digest,
    ) -> Result<(), HostedError> {
        let mut state = self.state();
        let known = state.repositories.get_mut(repository);
        if !known.is_some_and(|known| known.blobs.remove(digest)) {
            return Err(HostedError::NoBlob);
        }
        self.free(&state, digest);
        Ok(())
    }

    /// A manifest of a repository, and its digest.
    pub(crate) fn manifest(
        &self,
        repository: &Name,
        reference: &Reference,
    ) -> Result<(Vec<u8>, Digest, Note), HostedError> {
        let state = self.state();
        let known = state
            .repositories
            .get(repository)
            .ok_or(HostedError::NoManifest)?;
        let digest = match reference {
            Reference::Tag(tag) => known.tags.get(tag),
            Reference::Digest(digest) => Some(digest),
        };
        let digest = digest.ok_or(HostedError::NoManifest)?;
        let note = known.manifests.get(digest).ok_or(HostedError::NoManifest)?;
        let bytes = fs::read(self.blob_path(digest)).map_err(HostedError::os("read a manifest"))?;
        Ok((bytes, digest.clone(), note.clone()))
    }

    /// Takes a manifest in, all of whose parts are there; its digest, and what it is about.
    pub(crate) fn put_manifest(
        &self,
        repository: &Name,
        reference: &Reference,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<(Digest, Note), HostedError> {
        let digest = drydock_image::layer::digest_of(bytes);
        if matches!(reference, Reference::Digest(wanted) if *wanted != digest) {
            return Err(HostedError::Digest);
        }
        let read = manifest::read(media_type, bytes)?;
        let mut state = self.state();
        let tags: usize = state.repositories.values().map(Repository::names).sum();
        if tags >= TAGS {
            return Err(HostedError::Full("tags and manifests"));
        }
        let known = state.repository(repository)?;
        for part in &read.blobs {
            if !known.blobs.contains(part) {
                return Err(HostedError::MissingBlob(part.to_string()));
            }
        }
        for part in &read.manifests {
            if !known.manifests.contains_key(part) {
                return Err(HostedError::MissingBlob(part.to_string()));
            }
        }
        let note = Note {
            media_type: read.media_type,
            size: bytes.len() as u64,
            subject: read.subject,
        };
        fs::write(self.blob_path(&digest), bytes).map_err(HostedError::os("keep a manifest"))?;
        known.manifests.insert(digest.clone(), note.clone());
        if let Reference::Tag(tag) = reference {
            known.tags.insert(tag.clone(), digest.clone());
        }
        Ok((digest, note))
    }

    /// Takes a tag away; or a manifest, with all tags of it.
    pub(crate) fn remove_manifest(
        &self,
        repository: &Name,
        reference: &Reference,
    ) -> Result<(), HostedError> {
        let mut state = self.state();
        let known = state.repositories.get_mut(repository);
        let known = known.ok_or(HostedError::NoManifest)?;
        match reference {
            Reference::Tag(tag) => {
                known.tags.remove(tag).ok_or(HostedError::NoManifest)?;
            }
            Reference::Digest(digest) => {
                known
                    .manifests
                    .remove(digest)
                    .ok_or(HostedError::NoManifest)?;
                known.tags.retain(|_, tagged| tagged != digest);
                self.free(&state, digest);
            }
        }
        Ok(())
    }

    /// The tags of a repository, sorted.
    pub(crate) fn tags(&self, repository: &Name) -> Result<Vec<String>, HostedError> {
        let state = self.state();
        let known = state.repositories.get(repository);
        let known = known.ok_or(HostedError::NoRepository)?;
        Ok(known.tags.keys().cloned().collect())
    }

    /// The names of all repositories that have something, sorted.
    pub(crate) fn catalog(&self) -> Vec<String> {
        let state = self.state();
        let used = state.repositories.iter();
        let used = used.filter(|(_, repository)| !repository.manifests.is_empty());
        used.map(|(name, _)| name.as_str().to_owned()).collect()
    }

    /// The manifests that say something about one, by digest.
    pub(crate) fn referrers(&self, repository: &Name, subject: &Digest) -> Vec<Digest> {
        let state = self.state();
        let Some(known) = state.repositories.get(repository) else {
            return Vec::new();
        };
        let about = known.manifests.iter();
        let about = about.filter(|(_, note)| note.subject.as_ref() == Some(subject));
        about.map(|(digest, _)| digest.clone()).collect()
    }

    /// Removes a file that no repository knows any more.
    fn free(&self, state: &State, digest: &Digest) {
        let used = state.repositories.values().any(|repository| {
            repository.blobs.contains(digest) || repository.manifests.contains_key(digest)
        });
        if !used {
            let _ = fs::remove_file(self.blob_path(digest));
        }
    }
}

impl State {
    fn repository(&mut self, name: &Name) -> Result<&mut Repository, HostedError> {
        let blobs: usize = self
            .repositories
            .values()
            .map(|known| known.blobs.len())
            .sum();
        if blobs >= BLOBS {
            return Err(HostedError::Full("blobs"));
        }
        if self.repositories.len() >= REPOSITORIES && !self.repositories.contains_key(name) {
            return Err(HostedError::Full("repositories"));
        }
        Ok(self.repositories.entry(name.clone()).or_default())
    }
}

impl Repository {
    fn names(&self) -> usize {
        self.tags.len() + self.manifests.len()
    }
}

#[cfg(test)]
mod tests;
