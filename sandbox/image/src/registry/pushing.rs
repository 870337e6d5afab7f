//! An image → a registry.

use std::io::{self, Read};

use drydock_spec::{Digest, ImageRef};
use ureq::http::Method;

use super::{
    Options, RegistryError,
    client::{Client, Payload},
    endpoint::Endpoint,
    pace::Meter,
};

/// Larger blobs are sent in pieces of this size, so that no registry's limit on a request is met.
const PIECE: u64 = 256 << 20;

/// Something to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushBlob {
    /// Its digest.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Of what kind it is.
    pub media_type: String,
    /// A repository of the same registry that is known to have it.
    pub from: Option<String>,
}

/// An image to push.
#[derive(Debug, Clone)]
pub struct PushImage {
    /// Its manifest.
    pub manifest: PushBlob,
    /// Its config.
    pub config: PushBlob,
    /// Its layers, lowest first.
    pub layers: Vec<PushBlob>,
}

/// How a push goes, for the layer of that place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushEvent {
    /// So many bytes were sent.
    Pushing(usize, u64),
    /// All was sent.
    Pushed(usize),
    /// The registry had it.
    Exists(usize),
    /// The registry took it from this repository of its own.
    Mounted(usize, String),
}

/// Where what is pushed is read.
pub type Source<'a> = dyn FnMut(&PushBlob) -> io::Result<Box<dyn Read>> + 'a;

/// Uploads what the registry does not have, and names it.
///
/// # Errors
/// When the registry cannot be reached or refuses, or a blob cannot be read.
pub fn push(
    name: &ImageRef,
    image: &PushImage,
    source: &mut Source<'_>,
    options: Options,
    tell: &mut dyn FnMut(PushEvent),
) -> Result<(), RegistryError> {
    let name = name.clone().with_default_tag();
    let mut client = Client::new(Endpoint::of(&name), options);
    for (number, layer) in image.layers.iter().enumerate() {
        let event = send(&mut client, layer, source, &mut |bytes| {
            tell(PushEvent::Pushing(number, bytes));
        })?;
        tell(match event {
            Sent::Had => PushEvent::Exists(number),
            Sent::Mounted(from) => PushEvent::Mounted(number, from),
            Sent::Uploaded => PushEvent::Pushed(number),
        });
    }
    send(&mut client, &image.config, source, &mut |_| ())?;
    put_manifest(&mut client, &name, &image.manifest, source)
}

enum Sent {
    Had,
    Mounted(String),
    Uploaded,
}

fn send(
    client: &mut Client,
    blob: &PushBlob,
    source: &mut Source<'_>,
    tell: &mut dyn FnMut(u64),
) -> Result<Sent, RegistryError> {
    let head = client.ask(&Method::HEAD, &format!("blobs/{}", blob.digest), "*/*")?;
    if head.status() == 200 {
        return Ok(Sent::Had);
    }
    let place = match &blob.from {
        Some(from) => format!("blobs/uploads/?mount={}&from={from}", blob.digest),
        None => "blobs/uploads/".to_owned(),
    };
    let begun = client.tell(&Method::POST, &place, &[], Payload::None)?;
    match begun.status().as_u16() {
        201 => return Ok(Sent::Mounted(blob.from.clone().unwrap_or_default())),
        202 => {}
        401 | 403 => return Err(RegistryError::PushDenied),
        status => return Err(client.refused(status)),
    }
    let mut place = client.location(&client.base(), &begun)?;
    let body = source(blob).map_err(RegistryError::Source)?;
    let mut body = Meter::new(body, tell);
    let mut sent = 0;
    while blob.size - sent > PIECE {
        let range = format!("{sent}-{}", sent + PIECE - 1);
        let mut piece = (&mut body).take(PIECE);
        let headers = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Range", range.as_str()),
        ];
        let payload = Payload::Stream(&mut piece, PIECE);
        let answer = client.tell(&Method::PATCH, &place, &headers, payload)?;
        if answer.status() != 202 {
            return Err(client.refused(answer.status().as_u16()));
        }
        place = client.location(&place, &answer)?;
        sent += PIECE;
    }
    let joint = if place.contains('?') { '&' } else { '?' };
    let end = format!("{place}{joint}digest={}", blob.digest);
    let headers = [("Content-Type", "application/octet-stream")];
    let payload = Payload::Stream(&mut body, blob.size - sent);
    let done = client.tell(&Method::PUT, &end, &headers, payload)?;
    match done.status().as_u16() {
        201 | 204 => Ok(Sent::Uploaded),
        status => Err(client.refused(status)),
    }
}

fn put_manifest(
    client: &mut Client,
    name: &ImageRef,
    manifest: &PushBlob,
    source: &mut Source<'_>,
) -> Result<(), RegistryError> {
    let mut bytes = Vec::new();
    source(manifest)
        .and_then(|reader| reader.take(super::client::MAX_JSON).read_to_end(&mut bytes))
        .map_err(RegistryError::Source)?;
    let place = format!("manifests/{}", name.tag_or_latest().unwrap_or("latest"));
    let headers = [("Content-Type", manifest.media_type.as_str())];
    let done = client.tell(&Method::PUT, &place, &headers, Payload::Bytes(&bytes))?;
    match done.status().as_u16() {
        201 => Ok(()),
        401 | 403 => Err(RegistryError::PushDenied),
        status => Err(client.refused(status)),
    }
}
