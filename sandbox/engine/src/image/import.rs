//! `docker import`: a root file system in a tar stream → an image of one layer.

use std::io::Read;

use drydock_image::{
    ImageConfig, ImageId, ImageRef, StoreError,
    archive::decoded,
    config::{History, host_architecture},
};
use jiff::Timestamp;
use serde_json::json;

use super::{ImageError, tell};
use crate::{Engine, build::changes, clock, error::EngineError, wire::RunConfig};

/// What `docker import` asks for.
#[derive(Debug, Clone)]
pub(crate) struct ImportRequest {
    /// The image's name, if it gets one.
    pub name: Option<ImageRef>,
    /// The comment of its history.
    pub message: String,
    /// What its containers run.
    pub run: RunConfig,
    /// Its architecture.
    pub architecture: String,
}

impl ImportRequest {
    /// Reads the query's values.
    ///
    /// # Errors
    /// What is wrong with them, in Docker's words.
    pub(crate) fn new(
        repo: &str,
        tag: &str,
        message: &str,
        changes: &[String],
        platform: &str,
    ) -> Result<Self, EngineError> {
        let message = match message {
            "" => "Imported from -",
            message => message,
        };
        Ok(Self {
            architecture: architecture(platform)?,
            name: name(repo, tag)?,
            message: message.into(),
            run: changes::apply(RunConfig::default(), changes)?,
        })
    }
}

fn name(repo: &str, tag: &str) -> Result<Option<ImageRef>, EngineError> {
    if repo.is_empty() {
        return Ok(None);
    }
    let name: ImageRef = repo.parse().map_err(ImageError::from)?;
    if name.digest().is_some() {
        return Err(EngineError::Invalid(
            "cannot import digest reference".into(),
        ));
    }
    let name = match tag {
        "" => name.with_default_tag(),
        tag => ImageRef::new(name.repository(), tag).map_err(ImageError::from)?,
    };
    Ok(Some(name))
}

/// `linux/arm64`, `arm64` or nothing.
fn architecture(platform: &str) -> Result<String, EngineError> {
    let mut parts = platform.split('/');
    match (parts.next().unwrap_or_default(), parts.next()) {
        ("" | "linux", None) => Ok(host_architecture().into()),
        ("linux", Some(architecture)) => Ok(architecture.into()),
        (architecture, None) if architecture != "windows" => Ok(architecture.into()),
        _ => Err(EngineError::Invalid(
            "operating system is not supported".into(),
        )),
    }
}

/// Makes the image. Blocks.
pub(crate) fn import(
    engine: &Engine,
    request: &ImportRequest,
    tar: impl Read,
) -> Result<ImageId, EngineError> {
    let id = make(engine, request, tar).map_err(ImageError::from)?;
    if let Some(name) = &request.name {
        super::tag(engine, &id, name).map_err(ImageError::from)?;
    }
    tell(engine, "import", &id, &id.to_string());
    Ok(id)
}

fn make(engine: &Engine, request: &ImportRequest, tar: impl Read) -> Result<ImageId, StoreError> {
    let tar = decoded(tar).map_err(|error| StoreError::Archive(error.to_string()))?;
    let layer = engine.store.unpack_layer(tar)?;
    let _hold = engine.store.hold([layer.diff_id().clone()]);
    let layer = engine.store.publish_layer(layer)?;
    let now = clock::rfc3339(Timestamp::now());
    let mut config = ImageConfig {
        architecture: request.architecture.clone(),
        config: Some(request.run.clone()),
        created: Some(now.clone()),
        docker_version: Some(drydock_api::VERSION.into()),
        history: vec![History {
            created: Some(now),
            comment: Some(request.message.clone()),
            ..History::default()
        }],
        os: "linux".into(),
        ..ImageConfig::default()
    };
    config.rootfs.diff_ids.push(layer.diff_id);
    config
        .extra
        .insert("comment".into(), json!(request.message));
    engine.store.add_image(&config.to_bytes())
}
