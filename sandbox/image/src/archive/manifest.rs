//! The lists of contents of archives → images. Pure: files are asked for by path.

use std::collections::HashMap;

use drydock_spec::{Digest, ImageRef};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{StoreError, config::host_architecture};

/// Indexes inside indexes.
const MAX_NESTING: usize = 4;
const MAX_IMAGES: usize = 1000;

/// An image as an archive lists it: paths inside the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Of its config.
    pub config: String,
    /// Of its layers, lowest first.
    pub layers: Vec<String>,
    /// Its names.
    pub refs: Vec<ImageRef>,
}

/// `manifest.json` of `docker save`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// An OCI index or a Docker manifest list.
#[derive(Debug, Deserialize)]
pub struct Index {
    /// What it lists.
    pub manifests: Vec<Descriptor>,
}

/// An OCI or Docker image manifest.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    /// The config.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
}

/// What a list says of one blob.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Of what kind it is.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size.
    #[serde(default)]
    pub size: u64,
    /// For which machine it is.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// Remarks.
    #[serde(default)]
    pub annotations: Option<HashMap<String, String>>,
}

/// For which machine an image is.
#[derive(Debug, Clone, Deserialize)]
pub struct Platform {
    /// `amd64`, `arm64`…
    #[serde(default)]
    pub architecture: String,
    /// `linux`…
    #[serde(default)]
    pub os: String,
    /// `v8`…
    #[serde(default)]
    pub variant: String,
}

impl Descriptor {
    fn is_index(&self) -> bool {
        self.media_type.contains("image.index") || self.media_type.contains("manifest.list")
    }

    /// Whether it is an image at all and for this machine. What does not say is taken to be.
    #[must_use]
    pub fn is_for_host(&self) -> bool {
        let annotations = self.annotations.as_ref();
        let is_remark = annotations.is_some_and(|a| a.contains_key("vnd.docker.reference.type"));
        let fits = |platform: &Platform| {
            platform.os == "linux" && platform.architecture == host_architecture()
        };
        !is_remark && self.platform.as_ref().is_none_or(fits)
    }

    /// Its path in an OCI layout.
    #[must_use]
    pub fn path(&self) -> String {
        format!("blobs/sha256/{}", self.digest.hex())
    }

    /// The name of the image, where the list has one that is more than a tag.
    fn name(&self) -> Option<ImageRef> {
        let annotations = self.annotations.as_ref()?;
        let whole = annotations.get("io.containerd.image.name");
        let short = annotations
            .get("org.opencontainers.image.ref.name")
            .filter(|name| name.contains([':', '/']));
        whole.or(short)?.parse().ok()
    }
}

/// All images of an archive. `file` gives the JSON file at a path.
///
/// # Errors
/// When there is no list, or it is malformed.
pub fn images(file: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Vec<Listed>, StoreError> {
    let images = if let Some(list) = file("manifest.json") {
        docker(&list)?
    } else if let Some(list) = file("index.json") {
        let index: Index = parse("index.json", &list)?;
        let mut images = Vec::new();
        oci(&file, &index, None, MAX_NESTING, &mut images)?;
        images
    } else {
        return Err(StoreError::Archive(
            "neither manifest.json nor index.json is in it; bring what `docker save` or \
             `skopeo copy … oci-archive:FILE` writes"
                .into(),
        ));
    };
    if images.is_empty() {
        let machine = host_architecture();
        return Err(StoreError::Archive(format!(
            "it holds no image for linux/{machine}"
        )));
    }
    Ok(images)
}

fn docker(list: &[u8]) -> Result<Vec<Listed>, StoreError> {
    let images: Vec<DockerImage> = parse("manifest.json", list)?;
    if images.len() > MAX_IMAGES {
        return Err(StoreError::Archive(format!(
            "more than {MAX_IMAGES} images"
        )));
    }
    let listed = |image: DockerImage| {
        let names = image.repo_tags.unwrap_or_default();
        let refs: Result<_, _> = names.iter().map(|name| name.parse()).collect();
        Ok(Listed {
            config: image.config,
            layers: image.layers.unwrap_or_default(),
            refs: refs?,
        })
    };
    images.into_iter().map(listed).collect()
}

fn oci(
    file: &impl Fn(&str) -> Option<Vec<u8>>,
    index: &Index,
    name: Option<&ImageRef>,
    nesting: usize,
    images: &mut Vec<Listed>,
) -> Result<(), StoreError> {
    for descriptor in index.manifests.iter().filter(|d| d.is_for_host()) {
        if images.len() > MAX_IMAGES || nesting == 0 {
            return Err(StoreError::Archive("its index is too large".into()));
        }
        let path = descriptor.path();
        let json = file(&path)
            .ok_or_else(|| StoreError::Archive(format!("the archive lacks the manifest {path}")))?;
        let own_name = descriptor.name();
        let name = own_name.as_ref().or(name);
        if descriptor.is_index() {
            oci(file, &parse(&path, &json)?, name, nesting - 1, images)?;
            continue;
        }
        let manifest: Manifest = parse(&path, &json)?;
        images.push(Listed {
            config: manifest.config.path(),
            layers: manifest.layers.iter().map(Descriptor::path).collect(),
            refs: name.cloned().into_iter().collect(),
        });
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(path: &str, json: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(json).map_err(|error| StoreError::Archive(format!("{path}: {error}")))
}

/// The digest that a path's last component promises: `blobs/sha256/HEX`, `HEX.json`.
#[must_use]
pub fn digest_in(path: &str) -> Option<Digest> {
    let last = path.rsplit('/').next()?;
    let hex = last.strip_suffix(".json").unwrap_or(last);
    format!("sha256:{hex}").parse().ok()
}

/// What a relative link means, as a path inside the archive.
#[must_use]
pub fn relative(link: &str, target: &str) -> String {
    let mut components: Vec<&str> = link.split('/').collect();
    components.pop();
    for component in target.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(components.pop()),
            other => components.push(other),
        }
    }
    components.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_from_where_they_stand() {
        assert_eq!(relative("aa/layer.tar", "../bb/layer.tar"), "bb/layer.tar");
        assert_eq!(relative("layer.tar", "../../x"), "x");
    }

    #[test]
    fn a_list_of_several_machines_gives_the_one_for_this() {
        let blob = |n: u8| format!("sha256:{}", format!("{n:02x}").repeat(32));
        let index = serde_json::json!({"manifests": [
            {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": blob(1),
             "annotations": {"io.containerd.image.name": "docker.io/library/app:v1"}},
        ]});
        let nested = serde_json::json!({"manifests": [
            {"digest": blob(2), "platform": {"os": "linux", "architecture": "s390x"}},
            {"digest": blob(3), "platform": {"os": "linux", "architecture": host_architecture()}},
            {"digest": blob(4), "platform": {"os": "unknown", "architecture": "unknown"}},
        ]});
        let manifest =
            serde_json::json!({"config": {"digest": blob(5)}, "layers": [{"digest": blob(6)}]});
        let path = |n: u8| format!("blobs/sha256/{}", &blob(n)[7..]);
        let listed = images(|asked| match asked {
            "index.json" => Some(index.to_string().into_bytes()),
            _ if asked == path(1) => Some(nested.to_string().into_bytes()),
            _ if asked == path(3) => Some(manifest.to_string().into_bytes()),
            _ => None,
        });
        assert_eq!(
            listed.unwrap(),
            [Listed {
                config: path(5),
                layers: vec![path(6)],
                refs: vec!["app:v1".parse().unwrap()],
            }]
        );
    }

    #[test]
    fn an_index_of_itself_ends() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let index = serde_json::json!({"manifests": [
            {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest},
        ]});
        let error =
            images(|path| (path != "manifest.json").then(|| index.to_string().into_bytes()));
        assert!(error.is_err());
    }
}
