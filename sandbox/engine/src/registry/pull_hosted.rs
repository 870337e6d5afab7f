//! From the registry on the workstation into the sandbox's own images.

use std::{io::Read, sync::Arc};

use drydock_image::{Digest, ImageConfig, ImageId, ImageRef};
use serde::Deserialize;

use super::{
    hosted::{
        error::HostedError,
        place::{Name, Reference},
        storage::Storage,
    },
    place,
    progress::{bytes, layer},
    pull::{Lines, Stopped, names_of, present_layers},
};
use crate::{Engine, error::EngineError, image::ImageError};

/// Largest config.
const MAX_CONFIG: u64 = 4 << 20;

#[derive(Deserialize)]
struct Manifest {
    config: Part,
    layers: Vec<Part>,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
struct Part {
    digest: Digest,
}

#[derive(Deserialize)]
struct Entry {
    digest: Digest,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

/// Pulls an image; its id, and the digest of what the reference stands for.
pub(super) async fn pull(
    engine: &Engine,
    name: &ImageRef,
    hosted: &Name,
    reference: &Reference,
    lines: &Lines,
) -> Result<(ImageId, Digest), Stopped> {
    let (engine, name, hosted, reference, lines) = (
        engine.clone(),
        name.clone(),
        hosted.clone(),
        reference.clone(),
        lines.clone(),
    );
    let pulling = tokio::task::spawn_blocking(move || {
        let storage = engine.hosted.clone().ok_or(HostedError::NoRepository)?;
        let pull = Pull {
            engine: &engine,
            name: &name,
            hosted: &hosted,
            storage,
            lines: &lines,
        };
        pull.run(&reference)
    });
    match pulling.await {
        Ok(pulled) => pulled,
        Err(error) => Err(ImageError::Registry(error.to_string()).into()),
    }
}

struct Pull<'a> {
    engine: &'a Engine,
    name: &'a ImageRef,
    hosted: &'a Name,
    storage: Arc<Storage>,
    lines: &'a Lines,
}

impl Pull<'_> {
    fn run(&self, reference: &Reference) -> Result<(ImageId, Digest), Stopped> {
        let (manifest, digest) = self.manifest(reference)?;
        let raw_config = self.config(&manifest.config.digest)?;
        let bad = |why: &str| ImageError::Registry(format!("{}: {why}", self.name));
        let config = ImageConfig::parse(&raw_config).map_err(|error| bad(&error.to_string()))?;
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != manifest.layers.len() {
            return Err(bad("its manifest's layers are not its config's").into());
        }
        let id = ImageId(manifest.config.digest.clone());
        let store = &self.engine.store;
        // Until the image is there, each layer is held: a failed pull leaves none behind.
        let hold = store.hold(diff_ids.iter().cloned());
        if store.image(&id).is_err() {
            let present = present_layers(self.engine)?;
            for (part, diff_id) in manifest.layers.iter().zip(diff_ids) {
                let is_present = present.contains(diff_id);
                let text = if is_present {
                    "Already exists"
                } else {
                    "Pulling fs layer"
                };
                self.say(layer(text, part.digest.as_str()))?;
            }
            for (part, diff_id) in manifest.layers.iter().zip(diff_ids) {
                self.layer(&part.digest, diff_id, present.contains(diff_id))?;
            }
            store.add_image(&raw_config).map_err(ImageError::from)?;
        }
        drop(hold);
        for name in names_of(self.name, &digest).map_err(ImageError::from)? {
            store.tag(&id, &name).map_err(ImageError::from)?;
        }
        Ok((id, digest))
    }

    /// The manifest for this machine, straight or out of a list.
    fn manifest(&self, reference: &Reference) -> Result<(Manifest, Digest), Stopped> {
        let (json, digest, _) = self.storage.manifest(self.hosted, reference)?;
        let bad = |error: serde_json::Error| ImageError::Registry(error.to_string());
        if let Ok(manifest) = serde_json::from_slice(&json) {
            return Ok((manifest, digest));
        }
        let index: Index = serde_json::from_slice(&json).map_err(bad)?;
        let machine = drydock_image::config::host_architecture();
        let fits = |entry: &&Entry| {
            entry
                .platform
                .as_ref()
                .is_none_or(|platform| platform.os == "linux" && platform.architecture == machine)
        };
        let entry = index.manifests.iter().find(fits).ok_or_else(|| {
            ImageError::NotInRegistry(format!(
                "no matching manifest for linux/{machine} in the manifest list entries"
            ))
        })?;
        let one = Reference::Digest(entry.digest.clone());
        let (json, ..) = self.storage.manifest(self.hosted, &one)?;
        Ok((serde_json::from_slice(&json).map_err(bad)?, digest))
    }

    fn config(&self, digest: &Digest) -> Result<Vec<u8>, Stopped> {
        let (file, _) = self.storage.blob(self.hosted, digest)?;
        let mut bytes = Vec::new();
        file.take(MAX_CONFIG)
            .read_to_end(&mut bytes)
            .map_err(EngineError::os("read the image's config"))?;
        Ok(bytes)
    }

    fn layer(&self, blob: &Digest, diff_id: &Digest, is_present: bool) -> Result<(), Stopped> {
        let store = &self.engine.store;
        let (file, size) = self.storage.blob(self.hosted, blob)?;
        if store.layer(diff_id).map_err(ImageError::from)?.is_none() {
            let unpacked = store.unpack_compressed(file).map_err(ImageError::from)?;
            if unpacked.diff_id() != diff_id {
                let text = "a layer is not what the image's config says".to_owned();
                return Err(ImageError::Registry(text).into());
            }
            store.publish_layer(unpacked).map_err(ImageError::from)?;
        }
        let of = place(self.name);
        self.engine.layers.seen(diff_id, of, blob.clone(), size);
        if !is_present {
            let blob = blob.as_str();
            self.say(layer("Download complete", blob))?;
            self.say(bytes("Extracting", blob, size, size))?;
            self.say(layer("Pull complete", blob))?;
        }
        Ok(())
    }

    fn say(&self, line: drydock_api::models::JsonMessage) -> Result<(), Stopped> {
        self.lines.blocking_send(line).map_err(|_| Stopped::Gone)
    }
}
