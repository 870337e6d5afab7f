//! A name in a registry → an image in the store.

use std::io::Read;

use drydock_spec::{Digest, ImageId, ImageRef};
use ureq::http::Method;

use super::{
    Options, RegistryError, client::Client, endpoint::Endpoint, manifest::Platform, pace::Meter,
};
use crate::{
    ImageConfig, Store, StoreError,
    archive::{decoded, manifest::Descriptor},
    layer::{HashReader, digest_of},
};

/// Bytes to download for one image.
const MAX_IMAGE: u64 = 8 << 30;
/// As many as an image may have.
const MAX_LAYERS: usize = 127;
/// A layer that breaks off is begun again so often.
const RETRIES: u32 = 2;

/// How a pull goes.
#[derive(Debug)]
pub enum PullEvent<'a> {
    /// The image was found.
    Found {
        /// The image's id.
        image: &'a Digest,
        /// Of its manifest, or of the list that it is in.
        digest: &'a Digest,
        /// What a layer's download and its uncompressed tar are known by, and the bytes to download.
        layers: &'a [(Digest, Digest, u64)],
    },
    /// So many bytes of a layer were received.
    Downloading(usize, u64),
    /// A layer is in the store.
    Pulled(usize),
}

/// An image that was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Its id.
    pub id: ImageId,
    /// Of its manifest, or of the list that it is in.
    pub digest: Digest,
    /// Its name by that digest, which it now has in the store.
    pub pinned: ImageRef,
}

/// Pulls an image into the store, where it is known by its digest; naming it is the caller's.
///
/// # Errors
/// When the registry cannot be reached, does not have it, or what it sends is not what its digest says.
pub fn pull(
    store: &Store,
    name: &ImageRef,
    platform: &Platform,
    options: Options,
    tell: &mut dyn FnMut(PullEvent<'_>),
) -> Result<Pulled, RegistryError> {
    let name = name.clone().with_default_tag();
    let mut client = Client::new(Endpoint::of(&name), options);
    let wanted = name.digest().map_or_else(
        || name.tag().unwrap_or("latest").to_owned(),
        Digest::to_string,
    );
    let fetched = client.manifest(&wanted, &name)?;
    let manifest = client.image_manifest(&name, &fetched, platform)?;
    check_sizes(&client, &name, &manifest.layers)?;

    let raw_config = blob_bytes(&mut client, &manifest.config)?;
    let config =
        ImageConfig::parse(&raw_config).map_err(|error| StoreError::Config(error.to_string()))?;
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != manifest.layers.len() {
        return Err(client.answered("with a manifest whose layers are not its config's"));
    }
    let pairs = manifest.layers.iter().zip(diff_ids);
    let layers: Vec<_> = pairs
        .clone()
        .map(|(layer, diff_id)| (layer.digest.clone(), diff_id.clone(), layer.size))
        .collect();
    tell(PullEvent::Found {
        image: &manifest.config.digest,
        digest: &fetched.digest,
        layers: &layers,
    });

    // Until the image is there, each layer is held: a failed pull leaves none behind.
    let hold = store.hold(diff_ids.iter().cloned());
    for (number, (layer, diff_id)) in pairs.enumerate() {
        if store.layer(diff_id)?.is_none() {
            fetch_layer(store, &mut client, layer, diff_id, &mut |bytes| {
                tell(PullEvent::Downloading(number, bytes));
            })?;
        }
        tell(PullEvent::Pulled(number));
    }
    let id = store.add_image(&raw_config)?;
    drop(hold);
    let pinned: ImageRef = format!("{}@{}", name.repository(), fetched.digest)
        .parse()
        .map_err(StoreError::from)?;
    store.tag(&id, &pinned)?;
    Ok(Pulled {
        id,
        digest: fetched.digest,
        pinned,
    })
}

fn check_sizes(
    client: &Client,
    name: &ImageRef,
    layers: &[Descriptor],
) -> Result<(), RegistryError> {
    if layers.len() > MAX_LAYERS {
        return Err(client.answered(format!("with more than {MAX_LAYERS} layers")));
    }
    let bytes = layers
        .iter()
        .try_fold(0_u64, |sum, layer| sum.checked_add(layer.size));
    if bytes.is_none_or(|bytes| bytes > MAX_IMAGE) {
        return Err(RegistryError::TooLarge {
            name: name.clone(),
            limit: format!("{} GiB", MAX_IMAGE >> 30),
        });
    }
    Ok(())
}

/// A small blob, whole and checked.
pub(super) fn blob_bytes(client: &mut Client, blob: &Descriptor) -> Result<Vec<u8>, RegistryError> {
    let response = client.ask(&Method::GET, &format!("blobs/{}", blob.digest), "*/*")?;
    if response.status() != 200 {
        return Err(client.refused(response.status().as_u16()));
    }
    let bytes = client.read_json(response)?;
    if digest_of(&bytes) != blob.digest {
        return Err(client.answered("with a blob of another digest"));
    }
    Ok(bytes)
}

fn fetch_layer(
    store: &Store,
    client: &mut Client,
    layer: &Descriptor,
    diff_id: &Digest,
    tell: &mut dyn FnMut(u64),
) -> Result<(), RegistryError> {
    let mut tries = 0;
    loop {
        match try_layer(store, client, layer, diff_id, tell) {
            Err(Failed::OnTheWay(_)) if tries < RETRIES => tries += 1,
            Err(Failed::OnTheWay(error) | Failed::ForGood(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
    }
}

/// Why a layer is not there.
enum Failed {
    /// The connection broke: another time it may not.
    OnTheWay(RegistryError),
    ForGood(RegistryError),
}

impl From<RegistryError> for Failed {
    fn from(error: RegistryError) -> Self {
        Self::ForGood(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::ForGood(error.into())
    }
}

fn try_layer(
    store: &Store,
    client: &mut Client,
    layer: &Descriptor,
    diff_id: &Digest,
    tell: &mut dyn FnMut(u64),
) -> Result<(), Failed> {
    let response = client.ask(&Method::GET, &format!("blobs/{}", layer.digest), "*/*")?;
    if response.status() != 200 {
        return Err(client.refused(response.status().as_u16()).into());
    }
    // One byte more than was said, so that more than was said is noticed.
    let body = Meter::new(client.reader(response).take(layer.size + 1), tell);
    let mut blob = Counted::new(HashReader::new(body));
    let broke = |client: &Client, error: std::io::Error| {
        let slow = error.kind() == std::io::ErrorKind::TimedOut;
        let said = client.answered(error.to_string());
        if slow {
            Failed::ForGood(said)
        } else {
            Failed::OnTheWay(said)
        }
    };
    let unpacked = decoded(&mut blob)
        .map_err(StoreError::from_read)
        .and_then(|tar| store.unpack_layer(tar));
    // What the connection did is the reason, whatever the unpacking made of it.
    if let Err(error) = std::io::copy(&mut blob, &mut std::io::sink()) {
        return Err(broke(client, error));
    }
    if blob.bytes < layer.size {
        let text = format!("with {} of {} bytes of a layer", blob.bytes, layer.size);
        return Err(Failed::OnTheWay(client.answered(text)));
    }
    if blob.bytes > layer.size || blob.inner.finish() != layer.digest {
        return Err(client.answered("with a layer of another digest").into());
    }
    let unpacked = unpacked?;
    if unpacked.diff_id() != diff_id {
        return Err(client
            .answered("with a layer that is not its config's")
            .into());
    }
    store.publish_layer(unpacked)?;
    Ok(())
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R> Counted<R> {
    fn new(inner: R) -> Self {
        Self { inner, bytes: 0 }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}
