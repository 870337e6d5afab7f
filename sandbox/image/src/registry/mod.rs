//! Anonymous pulls from registries, after the OCI distribution specification. The server pulls, for everyone and
//! once; sandboxes never do.
//!
//! - [`pull`]: a name → manifest → config and layers, each checked against its digest.
//! - `client`: requests, and the anonymous token that registries ask for.
//! - [`challenge`]: the header by which they ask; pure.

pub mod challenge;
mod client;

use std::io::Read as _;

use drydock_spec::{Digest, ImageId, ImageRef, ParseRefError};

use self::client::Client;
use crate::{
    ImageConfig, Store, StoreError,
    archive::{
        decoded,
        manifest::{Descriptor, Index, Manifest},
    },
    layer::{HashReader, digest_of},
    provision::Progress,
};

/// Largest manifest or config.
const MAX_JSON: u64 = 4 << 20;

/// An image that was not pulled.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry does not have it, or does not show it to strangers. Docker's words.
    #[error("pull access denied for {0}, repository does not exist or may require 'docker login'")]
    Denied(String),
    /// The repository is there, the tag is not. Docker's words.
    #[error("manifest for {0} not found: manifest unknown")]
    NoManifest(ImageRef),
    /// An image, but for other machines.
    #[error("no matching manifest for linux/{machine} in the manifest list entries of {name}")]
    OtherMachine {
        /// Which image.
        name: ImageRef,
        /// This machine.
        machine: &'static str,
    },
    /// An answer that is not what was asked for.
    #[error("{registry} answered {what}")]
    Answer {
        /// Who.
        registry: String,
        /// What.
        what: String,
    },
    /// No answer.
    #[error("cannot reach {registry}: {reason}; check this host's network and proxy settings")]
    Unreachable {
        /// Who.
        registry: String,
        /// Why not.
        reason: String,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Pulls an image into the store and gives it its name.
///
/// # Errors
/// When the registry cannot be reached, does not have it, or what it sends is not what its digest says.
pub fn pull(
    store: &Store,
    name: &ImageRef,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<ImageId, RegistryError> {
    let name = name.clone().with_default_tag();
    let mut client = Client::new(&name);
    progress(Progress {
        message: &format!("pulling {name} from {}", client.registry()),
    });
    let wanted = name.digest().map_or_else(
        || name.tag().unwrap_or("latest").to_owned(),
        Digest::to_string,
    );
    let json = client.manifest(&wanted, &name)?;
    let digest = digest_of(&json);
    if name.digest().is_some_and(|wanted| *wanted != digest) {
        return Err(client.answered("a manifest of another digest"));
    }
    let manifest = image_manifest(&mut client, &name, &json)?;
    let raw_config = client.blob_bytes(&manifest.config)?;
    let config =
        ImageConfig::parse(&raw_config).map_err(|error| StoreError::Config(error.to_string()))?;
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != manifest.layers.len() {
        return Err(client.answered("a manifest whose layers are not its config's"));
    }
    // Until the image is there, each layer is held: a failed pull leaves none behind.
    let hold = store.hold(diff_ids.iter().cloned());
    for (number, (layer, diff_id)) in manifest.layers.iter().zip(diff_ids).enumerate() {
        if store.layer(diff_id)?.is_none() {
            progress(Progress {
                message: &format!("pulling layer {} of {}", number + 1, diff_ids.len()),
            });
            fetch_layer(store, &mut client, layer, diff_id)?;
        }
    }
    let id = store.add_image(&raw_config)?;
    drop(hold);
    if name.tag().is_some() {
        let tagged = ImageRef::new(name.repository(), name.tag().unwrap_or_default());
        store.tag(&id, &tagged.map_err(StoreError::from)?)?;
    }
    let pinned: Result<ImageRef, ParseRefError> = format!("{}@{digest}", name.repository()).parse();
    store.tag(&id, &pinned.map_err(StoreError::from)?)?;
    Ok(id)
}

/// The manifest for this machine, straight or out of a list.
fn image_manifest(
    client: &mut Client,
    name: &ImageRef,
    json: &[u8],
) -> Result<Manifest, RegistryError> {
    if let Ok(manifest) = serde_json::from_slice::<Manifest>(json) {
        return Ok(manifest);
    }
    let index: Index = serde_json::from_slice(json)
        .map_err(|error| client.answered(&format!("no manifest that we can read: {error}")))?;
    let fitting = index.manifests.iter().find(|entry| entry.is_for_host());
    let Some(fitting) = fitting else {
        return Err(RegistryError::OtherMachine {
            name: name.clone(),
            machine: crate::config::host_architecture(),
        });
    };
    let json = client.manifest(fitting.digest.as_str(), name)?;
    if digest_of(&json) != fitting.digest {
        return Err(client.answered("a manifest of another digest"));
    }
    serde_json::from_slice(&json)
        .map_err(|error| client.answered(&format!("no manifest that we can read: {error}")))
}

fn fetch_layer(
    store: &Store,
    client: &mut Client,
    layer: &Descriptor,
    diff_id: &Digest,
) -> Result<(), RegistryError> {
    let mut blob = HashReader::new(client.blob(&layer.digest)?.take(layer.size));
    let broken = |client: &Client, error: std::io::Error| client.answered(&error.to_string());
    let unpacked = {
        let tar = decoded(&mut blob).map_err(|error| broken(client, error))?;
        store.unpack_layer(tar)?
    };
    std::io::copy(&mut blob, &mut std::io::sink()).map_err(|error| broken(client, error))?;
    if blob.finish() != layer.digest || unpacked.diff_id() != diff_id {
        return Err(client.answered("a layer of another digest"));
    }
    store.publish_layer(unpacked)?;
    Ok(())
}

#[cfg(test)]
mod tests;
