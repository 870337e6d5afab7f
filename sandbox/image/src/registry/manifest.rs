//! Manifests: what a name stands for, and which image of a list is meant.

use drydock_spec::{Digest, ImageRef};
use serde::Deserialize;
use ureq::http::Method;

use super::{RegistryError, client::Client};
use crate::{
    archive::manifest::{Descriptor, Index, Manifest},
    config::host_architecture,
    layer::digest_of,
};

/// The kinds of manifest that we read.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// Which machine an image is to be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`…
    pub architecture: String,
    /// `v8`, where it matters.
    pub variant: Option<String>,
}

impl Platform {
    /// This machine.
    #[must_use]
    pub fn host() -> Self {
        Self {
            os: "linux".into(),
            architecture: host_architecture().into(),
            variant: None,
        }
    }

    /// Reads `os[/architecture[/variant]]`, or an architecture alone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_word = |word: &&str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        if !parts.iter().all(is_word) {
            return None;
        }
        let mut platform = Self::host();
        match parts[..] {
            ["linux" | "windows" | "darwin" | "freebsd"] => platform.os = parts[0].into(),
            [architecture] => platform.architecture = architecture.into(),
            [os, architecture] => {
                platform.os = os.into();
                platform.architecture = architecture.into();
            }
            [os, architecture, variant] => {
                platform.os = os.into();
                platform.architecture = architecture.into();
                platform.variant = Some(variant.into());
            }
            _ => return None,
        }
        platform.architecture = match platform.architecture.as_str() {
            "x86_64" | "x86-64" => "amd64".into(),
            "aarch64" => "arm64".into(),
            _ => platform.architecture,
        };
        Some(platform)
    }

    fn is_of(&self, entry: &Descriptor) -> bool {
        let annotations = entry.annotations.as_ref();
        let is_remark = annotations.is_some_and(|a| a.contains_key("vnd.docker.reference.type"));
        let Some(platform) = &entry.platform else {
            return !is_remark;
        };
        let variant_fits = match (&self.variant, platform.variant.as_str()) {
            (None, _) | (_, "") => true,
            (Some(wanted), has) => wanted == has,
        };
        !is_remark
            && platform.os == self.os
            && platform.architecture == self.architecture
            && variant_fits
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant
            .as_ref()
            .map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// What a name stands for.
#[derive(Debug)]
pub(super) struct Fetched {
    pub bytes: Vec<u8>,
    pub digest: Digest,
    pub media_type: String,
}

impl Client {
    /// The manifest, or list of manifests, of a tag or digest.
    pub(super) fn manifest(
        &mut self,
        reference: &str,
        name: &ImageRef,
    ) -> Result<Fetched, RegistryError> {
        let response = self.ask(&Method::GET, &format!("manifests/{reference}"), ACCEPTED)?;
        let media_type = response
            .headers()
            .get("content-type")
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let bytes = match response.status().as_u16() {
            200 => self.read_json(response)?,
            404 => return Err(RegistryError::NoManifest(name.clone())),
            // Docker names the image as the learner did.
            401 | 403 => return Err(self.denied(name)),
            status => return Err(self.refused(status)),
        };
        let digest = digest_of(&bytes);
        let asked = reference.parse::<Digest>().ok();
        if asked.is_some_and(|asked| asked != digest) {
            return Err(self.answered("with a manifest of another digest"));
        }
        Ok(Fetched {
            bytes,
            digest,
            media_type,
        })
    }

    fn denied(&self, name: &ImageRef) -> RegistryError {
        RegistryError::Denied(name.repository().to_owned())
    }

    /// The manifest for `platform`, straight or out of a list.
    pub(super) fn image_manifest(
        &mut self,
        name: &ImageRef,
        fetched: &Fetched,
        platform: &Platform,
    ) -> Result<Manifest, RegistryError> {
        match parse(self, &fetched.bytes)? {
            Parsed::Image(manifest) => Ok(manifest),
            Parsed::List(index) => {
                let fitting = index.manifests.iter().find(|entry| platform.is_of(entry));
                let Some(fitting) = fitting else {
                    return Err(RegistryError::OtherMachine {
                        name: name.clone(),
                        platform: platform.to_string(),
                    });
                };
                let image = self.manifest(fitting.digest.as_str(), name)?;
                match parse(self, &image.bytes)? {
                    Parsed::Image(manifest) => Ok(manifest),
                    Parsed::List(_) => Err(self.answered("with a list of manifests inside a list")),
                }
            }
        }
    }
}

/// Either kind of manifest.
pub(super) enum Parsed {
    Image(Manifest),
    List(Index),
}

pub(super) fn parse(client: &Client, json: &[u8]) -> Result<Parsed, RegistryError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Image(Manifest),
        List(Index),
    }
    match serde_json::from_slice(json) {
        Ok(Either::Image(manifest)) => Ok(Parsed::Image(manifest)),
        Ok(Either::List(index)) => Ok(Parsed::List(index)),
        Err(_) => Err(client.answered("with no manifest that we can read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_as_docker_reads_them() {
        let shown = |text: &str| Platform::parse(text).map(|platform| platform.to_string());
        let host = host_architecture();
        assert_eq!(shown("linux"), Some(format!("linux/{host}")));
        assert_eq!(shown("arm64").as_deref(), Some("linux/arm64"));
        assert_eq!(shown("linux/x86_64").as_deref(), Some("linux/amd64"));
        assert_eq!(shown("linux/arm/v7").as_deref(), Some("linux/arm/v7"));
        for bad in ["", "a/b/c/d", "linux/", "li nux", "../x"] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }
}
