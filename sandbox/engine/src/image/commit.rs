//! `docker commit`: what a container changed, as a layer on its image.

use std::sync::Arc;

use drydock_image::{
    Digest, ImageConfig, ImageId, ImageRef, StoreError, config::History, layer::digest_of,
};
use drydock_spec::ContainerState;
use jiff::Timestamp;
use serde_json::{Map, json};

use super::ImageError;
use crate::{
    Engine,
    build::changes,
    clock,
    container::{
        Container,
        create::merge::merge_with,
        files,
        life::{blocking, pause, whole},
    },
    error::EngineError,
    wire::RunConfig,
};

/// What `docker commit` asks for.
#[derive(Debug, Clone)]
pub(crate) struct CommitRequest {
    /// The image's name, if it gets one.
    pub name: Option<ImageRef>,
    /// The comment of its history.
    pub comment: String,
    /// Its author.
    pub author: String,
    /// Freeze the container meanwhile.
    pub pause: bool,
    /// What its containers run, before the container's own configuration fills the gaps.
    pub run: RunConfig,
}

impl CommitRequest {
    /// Changes apply to `config`, or to the container's own when there is none.
    ///
    /// # Errors
    /// What is wrong with a change, in Docker's words.
    pub(crate) fn new(
        container: &Container,
        name: Option<ImageRef>,
        comment: String,
        author: String,
        config: Option<RunConfig>,
        changes: &[String],
    ) -> Result<Self, EngineError> {
        let config = config.unwrap_or_else(|| container.config.clone());
        let mut run = changes::apply(config, changes)?;
        merge_with(&mut run, &container.config);
        Ok(Self {
            name,
            comment,
            author,
            pause: true,
            run,
        })
    }
}

/// The name of a commit; Docker's words.
///
/// # Errors
/// When it is no name, or one with a digest.
pub(crate) fn name(repo: &str, tag: &str) -> Result<Option<ImageRef>, EngineError> {
    if repo.is_empty() {
        return Ok(None);
    }
    let name: ImageRef = repo.parse().map_err(ImageError::from)?;
    if name.digest().is_some() {
        return Err(EngineError::Invalid(
            "refusing to create a tag with a digest reference".into(),
        ));
    }
    if tag.is_empty() {
        return Ok(Some(name.with_default_tag()));
    }
    let tagged = ImageRef::new(name.repository(), tag);
    let tagged = tagged.map_err(|_| EngineError::Invalid("invalid tag format".into()))?;
    Ok(Some(tagged))
}

/// Makes the image. No start, stop or removal comes in between.
pub(crate) async fn commit(
    engine: &Engine,
    container: &Arc<Container>,
    request: CommitRequest,
) -> Result<ImageId, EngineError> {
    let (engine, container) = (engine.clone(), container.clone());
    whole(async move {
        let _turn = container.turn.lock().await;
        if container.state().removed {
            return Err(EngineError::Conflict(format!(
                "You cannot commit container {} which is being removed",
                container.id
            )));
        }
        // Where nothing can be frozen, the files are read while they may change, as with `--pause=false`.
        let paused = request.pause
            && container.status() == ContainerState::Running
            && pause::pause(&engine, &container).await.is_ok();
        let made = {
            let (engine, container) = (engine.clone(), container.clone());
            blocking(move || commit_now(&engine, &container, request)).await
        };
        if paused {
            // Somebody else may have done so already.
            let _ = pause::unpause(&engine, &container).await;
        }
        made
    })
    .await
}

fn commit_now(
    engine: &Engine,
    container: &Container,
    request: CommitRequest,
) -> Result<ImageId, EngineError> {
    let name = request.name.clone();
    let comment = request.comment.clone();
    let id = make(engine, container, request).map_err(ImageError::from)?;
    let mut reference = String::new();
    if let Some(name) = &name {
        super::tag(engine, &id, name).map_err(ImageError::from)?;
        reference = name.to_string();
    }
    let told = [
        ("comment", comment),
        ("imageID", id.to_string()),
        ("imageRef", reference),
    ];
    engine.events.tell(container.event("commit", &told));
    Ok(id)
}

fn make(
    engine: &Engine,
    container: &Container,
    request: CommitRequest,
) -> Result<ImageId, StoreError> {
    let below = engine.store.image(&container.image)?;
    let layer = engine.store.copy_layer(&files::upper(&container.dir))?;
    let changed = *layer.diff_id() != nothing();
    let _hold = engine.store.hold([layer.diff_id().clone()]);
    let layer = changed
        .then(|| engine.store.publish_layer(layer))
        .transpose()?;
    let now = clock::rfc3339(Timestamp::now());
    let text = |text: String| (!text.is_empty()).then_some(text);
    let mut config = ImageConfig {
        author: text(request.author),
        config: Some(request.run),
        created: Some(now.clone()),
        docker_version: Some(drydock_api::VERSION.into()),
        extra: Map::from_iter([
            ("container".into(), json!(container.id.as_str())),
            ("container_config".into(), json!(container.config)),
        ]),
        ..below.config
    };
    config.history.push(History {
        created: Some(now),
        author: config.author.clone(),
        created_by: Some(
            container
                .config
                .cmd
                .iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
                .join(" "),
        ),
        comment: text(request.comment),
        empty_layer: !changed,
        ..History::default()
    });
    config
        .rootfs
        .diff_ids
        .extend(layer.map(|layer| layer.diff_id));
    engine
        .store
        .add_image_on(&config.to_bytes(), Some(below.id))
}

/// The diff id of a container that changed nothing: an empty tar stream's.
fn nothing() -> Digest {
    digest_of(&[0; 1024])
}
