//! What a manifest that is uploaded is made of. Pure.

use drydock_image::Digest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::HostedError;

/// Parts of one manifest.
const MOST: usize = 4096;

/// What a manifest says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub media_type: String,
    pub blobs: Vec<Digest>,
    pub manifests: Vec<Digest>,
    pub subject: Option<Digest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    media_type: Option<String>,
    config: Option<Part>,
    layers: Option<Vec<Part>>,
    manifests: Option<Vec<Part>>,
    subject: Option<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    digest: Digest,
    #[serde(default)]
    urls: Option<Vec<String>>,
}

/// Reads a manifest that was sent as `media_type`.
pub(crate) fn read(media_type: &str, bytes: &[u8]) -> Result<Read, HostedError> {
    let bad = |why: &dyn ToString| HostedError::Manifest(why.to_string());
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(|error| bad(&error))?;
    if manifest.schema_version != 2 {
        return Err(bad(&"only schema version 2 is known"));
    }
    let own = manifest.media_type.as_deref();
    if own.is_some_and(|own| !media_type.is_empty() && own != media_type) {
        return Err(bad(&"its media type is not that of the request"));
    }
    if manifest.manifests.is_none() && manifest.config.is_none() {
        return Err(bad(&"it has neither a config nor manifests"));
    }
    let layers = manifest.layers.unwrap_or_default();
    let listed = manifest.manifests.unwrap_or_default();
    if layers.len() + listed.len() > MOST {
        return Err(bad(&format!("it has more than {MOST} parts")));
    }
    // A layer that is to be had elsewhere need not be here.
    let here = layers
        .into_iter()
        .filter(|layer| layer.urls.as_ref().is_none_or(Vec::is_empty));
    Ok(Read {
        media_type: match media_type {
            "" => own.unwrap_or_default().to_owned(),
            given => given.to_owned(),
        },
        blobs: manifest
            .config
            .into_iter()
            .chain(here)
            .map(|part| part.digest)
            .collect(),
        manifests: listed.into_iter().map(|part| part.digest).collect(),
        subject: manifest.subject.map(|part| part.digest),
    })
}

/// How a manifest is listed among those that refer to another one.
pub(crate) fn descriptor(media_type: &str, digest: &Digest, bytes: &[u8]) -> Value {
    let manifest: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let kind = manifest.get("artifactType").cloned();
    let kind = kind.or_else(|| manifest.pointer("/config/mediaType").cloned());
    let mut descriptor = json!({
        "mediaType": media_type,
        "digest": digest,
        "size": bytes.len(),
        "artifactType": kind,
    });
    if let Some(annotations) = manifest.get("annotations") {
        descriptor["annotations"] = annotations.clone();
    }
    descriptor
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const INDEX: &str = "application/vnd.oci.image.index.v1+json";

    #[test]
    fn what_is_no_manifest_is_refused() {
        let refused = |json: &str| read(INDEX, json.as_bytes()).unwrap_err().to_string();
        for json in ["", "[]", "{}", r#"{"schemaVersion":1,"manifests":[]}"#] {
            assert!(refused(json).starts_with("manifest invalid"), "{json}");
        }
        let other = r#"{"schemaVersion":2,"mediaType":"text/plain","manifests":[]}"#;
        assert!(refused(other).contains("media type"));
        assert!(read(INDEX, br#"{"schemaVersion":2,"manifests":[]}"#).is_ok());
    }
}
