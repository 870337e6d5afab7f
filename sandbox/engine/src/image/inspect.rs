//! `docker image inspect` and `docker history`.

use std::collections::BTreeMap;

use drydock_image::{Image, ImageId, StoreError, config::unix_seconds};
use drydock_spec::ImageRef;
use serde::Serialize;
use serde_json::{Value, json};

use super::ImageError;
use crate::{
    Engine, clock,
    error::EngineError,
    http::version::ApiVersion,
    wire::{RunConfig, container::GraphDriver},
};

/// The image that `name` means; the tag that was looked for is named when there is none.
pub(crate) fn find(engine: &Engine, name: &str) -> Result<ImageId, EngineError> {
    engine.store.resolve(name).map_err(|error| match error {
        StoreError::NoSuchImage(_) => {
            let full = name
                .parse::<ImageRef>()
                .map(|name| name.with_default_tag().to_string());
            ImageError::NoSuchImage(full.unwrap_or_else(|_| name.to_owned())).into()
        }
        other => ImageError::from(other).into(),
    })
}

/// `GET /images/{name}/json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Inspect {
    id: String,
    repo_tags: Vec<String>,
    repo_digests: Vec<String>,
    parent: String,
    comment: String,
    created: String,
    /// Until 1.45.
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    /// Until 1.45.
    #[serde(skip_serializing_if = "Option::is_none")]
    container_config: Option<Value>,
    docker_version: String,
    author: String,
    config: RunConfig,
    architecture: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    os: String,
    size: u64,
    /// Until 1.44.
    #[serde(skip_serializing_if = "Option::is_none")]
    virtual_size: Option<u64>,
    graph_driver: GraphDriver,
    #[serde(rename = "RootFS")]
    root_fs: Value,
    metadata: Value,
}

pub(crate) fn inspect(
    engine: &Engine,
    name: &str,
    api: ApiVersion,
) -> Result<Inspect, EngineError> {
    let id = find(engine, name)?;
    let image = engine.store.image(&id).map_err(ImageError::from)?;
    let text = |names: &[ImageRef]| names.iter().map(ToString::to_string).collect();
    let layers: Vec<String> = image
        .config
        .rootfs
        .diff_ids
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut root_fs = json!({"Type": "layers"});
    if !layers.is_empty() {
        root_fs["Layers"] = json!(layers);
    }
    let extra = |key: &str| image.config.extra.get(key).cloned();
    let maker = api < ApiVersion(45);
    Ok(Inspect {
        id: id.to_string(),
        repo_tags: text(&image.tags),
        repo_digests: text(&image.digests),
        parent: image
            .parent
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        comment: image
            .config
            .history
            .last()
            .and_then(|step| step.comment.clone())
            .unwrap_or_default(),
        created: image
            .config
            .created
            .clone()
            .unwrap_or_else(|| clock::NEVER.into()),
        container: maker.then(|| {
            let id = extra("container");
            id.and_then(|id| id.as_str().map(Into::into))
                .unwrap_or_default()
        }),
        container_config: maker
            .then(|| extra("container_config").unwrap_or_else(|| json!(RunConfig::default()))),
        docker_version: image.config.docker_version.clone().unwrap_or_default(),
        author: image.config.author.clone().unwrap_or_default(),
        config: image.config.config.clone().unwrap_or_default(),
        architecture: image.config.architecture.clone(),
        variant: image.config.variant.clone(),
        os: image.config.os.clone(),
        size: image.size,
        virtual_size: (api < ApiVersion(44)).then_some(image.size),
        graph_driver: graph_driver(&image),
        root_fs,
        metadata: json!({"LastTagTime": clock::rfc3339_or_never(image.tagged)}),
    })
}

fn graph_driver(image: &Image) -> GraphDriver {
    let path = |layer: &drydock_image::Layer, what: &str| {
        format!("/var/lib/docker/overlay2/{}/{what}", layer.diff_id.hex())
    };
    let mut data = BTreeMap::new();
    if let Some((top, lower)) = image.layers.split_last() {
        if !lower.is_empty() {
            let lower: Vec<_> = lower
                .iter()
                .rev()
                .map(|layer| path(layer, "diff"))
                .collect();
            data.insert("LowerDir", lower.join(":"));
        }
        data.insert("MergedDir", path(top, "merged"));
        data.insert("UpperDir", path(top, "diff"));
        data.insert("WorkDir", path(top, "work"));
    }
    GraphDriver {
        data,
        name: "overlay2",
    }
}

/// One of `GET /images/{name}/history`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct History {
    comment: String,
    created: i64,
    created_by: String,
    id: String,
    size: u64,
    tags: Option<Vec<String>>,
}

/// Newest first. A step has an id when its image is here.
pub(crate) fn history(engine: &Engine, name: &str) -> Result<Vec<History>, EngineError> {
    let id = find(engine, name)?;
    let image = engine.store.image(&id).map_err(ImageError::from)?;
    let mut sizes = image.layers.iter().map(|layer| layer.size);
    let mut steps: Vec<History> = image
        .config
        .history
        .iter()
        .map(|step| History {
            comment: step.comment.clone().unwrap_or_default(),
            created: step.created.as_deref().map_or(0, unix_seconds),
            created_by: step.created_by.clone().unwrap_or_default(),
            id: "<missing>".into(),
            size: if step.empty_layer {
                0
            } else {
                sizes.next().unwrap_or(0)
            },
            tags: None,
        })
        .collect();
    steps.reverse();
    let mut current = Some(image);
    for step in &mut steps {
        let Some(image) = current.take() else { break };
        step.id = image.id.to_string();
        let tags: Vec<_> = image.tags.iter().map(ToString::to_string).collect();
        step.tags = (!tags.is_empty()).then_some(tags);
        current = image
            .parent
            .and_then(|parent| engine.store.image(&parent).ok());
    }
    Ok(steps)
}
