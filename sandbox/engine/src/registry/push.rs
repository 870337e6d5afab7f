//! `docker push`: into the registry on the workstation, or by the keeper into any other.

use std::{io::Write as _, sync::Arc};

use drydock_api::{
    errand::{Blob, Done, Errand, Login, News, Refusal, RefusalKind, Stage},
    models::{JsonMessage, JsonProgress},
};
use drydock_image::{Digest, Image, ImageRef};
use serde_json::json;

use super::{
    hosted::{
        error::HostedError,
        place::{Name, Reference},
        storage::Storage,
    },
    hosted_name, is_loopback,
    pack::{self, Descriptor, MANIFEST, Packed, Place},
    place,
    progress::{bytes, failure, layer, status},
    pull::{Lines, Stopped, say},
};
use crate::{
    Engine,
    container::life::blocking,
    error::EngineError,
    http::stream,
    image::{ImageError, tell_of_name},
};

/// What to push: a repository's tag, or all of them.
#[derive(Debug, Clone)]
pub(crate) struct Push {
    pub repository: ImageRef,
    pub tag: Option<String>,
    pub login: Option<Login>,
}

/// Pushes, line by line; the last line says how it ended.
pub(crate) async fn run(engine: Engine, push: Push, lines: Lines) {
    if let Err(Stopped::Failed(error)) = all(&engine, &push, &lines).await {
        let _ = say(&lines, failure(&error)).await;
    }
}

async fn all(engine: &Engine, push: &Push, lines: &Lines) -> Result<(), Stopped> {
    let repository = push.repository.repository();
    let shown = place(&push.repository);
    let text = format!("{}/{}", shown.registry, shown.repository);
    say(
        lines,
        status(format!("The push refers to repository [{text}]")),
    )
    .await?;
    for name in names(engine, push)? {
        let id = engine
            .store
            .resolve(&name.to_string())
            .map_err(ImageError::from)?;
        let image = engine.store.image(&id).map_err(ImageError::from)?;
        // While it is pushed, nobody takes its layers away.
        let hold = engine
            .store
            .hold(image.layers.iter().map(|layer| layer.diff_id.clone()));
        for known in image.layers.iter().rev() {
            say(lines, layer("Preparing", known.diff_id.as_str())).await?;
        }
        let packed = match hosted_name(engine, &name) {
            Some(hosted) => to_hosted(engine, &name, hosted, image, lines).await?,
            None => by_keeper(engine, &name, image, push.login.clone(), lines).await?,
        };
        drop(hold);
        pushed(engine, repository, &name, &id, &packed, lines).await?;
    }
    Ok(())
}

/// The names to be pushed, in Docker's words where there are none.
fn names(engine: &Engine, push: &Push) -> Result<Vec<ImageRef>, EngineError> {
    let repository = push.repository.repository();
    let images = engine.store.list().map_err(ImageError::from)?;
    let tags = images.into_iter().flat_map(|image| image.tags);
    let mut names: Vec<ImageRef> = tags
        .filter(|name| name.repository() == repository)
        .collect();
    if names.is_empty() {
        return Err(ImageError::NotTagged(repository.into()).into());
    }
    if let Some(tag) = &push.tag {
        names.retain(|name| name.tag() == Some(tag));
        if names.is_empty() {
            return Err(ImageError::NoSuchTag(format!("{repository}:{tag}")).into());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// It is there: the image is known by its digest from now on.
async fn pushed(
    engine: &Engine,
    repository: &str,
    name: &ImageRef,
    id: &drydock_image::ImageId,
    packed: &Packed,
    lines: &Lines,
) -> Result<(), Stopped> {
    let digest = &packed.manifest_digest;
    let pinned: ImageRef = format!("{repository}@{digest}")
        .parse()
        .map_err(ImageError::from)?;
    engine.store.tag(id, &pinned).map_err(ImageError::from)?;
    for known in &packed.layers {
        let (digest, size) = (known.blob.digest.clone(), known.blob.size);
        engine
            .layers
            .seen(&known.diff_id, place(name), digest, size);
    }
    tell_of_name(engine, "push", name);
    let (tag, size) = (name.tag().unwrap_or_default(), packed.manifest.len());
    say(
        lines,
        status(format!("{tag}: digest: {digest} size: {size}")),
    )
    .await?;
    let aux = JsonMessage {
        progress_detail: Some(JsonProgress::default()),
        aux: Some(json!({"Tag": tag, "Digest": digest, "Size": size})),
        ..JsonMessage::default()
    };
    say(lines, aux).await
}

/// Into the registry on the workstation, without a detour over the network.
async fn to_hosted(
    engine: &Engine,
    name: &ImageRef,
    hosted: Name,
    image: Image,
    lines: &Lines,
) -> Result<Arc<Packed>, Stopped> {
    let storage = engine.hosted.clone().ok_or(HostedError::NoRepository)?;
    let (engine, name, lines) = (engine.clone(), name.clone(), lines.clone());
    let pushing = tokio::task::spawn_blocking(move || {
        let to = Hosted {
            engine: &engine,
            of: place(&name),
            hosted: &hosted,
            storage: &storage,
            lines: &lines,
        };
        let mut blobs = Vec::with_capacity(image.layers.len());
        for known in image.layers.iter().rev() {
            blobs.push(to.layer(&known.diff_id, known.size)?);
        }
        blobs.reverse();
        let packed = Packed::new(image, blobs);
        let mut config = storage.begin(&hosted)?;
        config.write(&packed.config)?;
        storage.finish(config, Some(&packed.config_blob.digest))?;
        let tag = Reference::Tag(name.tag().unwrap_or("latest").into());
        storage.put_manifest(&hosted, &tag, MANIFEST, &packed.manifest)?;
        Ok(Arc::new(packed))
    });
    match pushing.await {
        Ok(pushed) => pushed,
        Err(error) => Err(ImageError::Registry(error.to_string()).into()),
    }
}

struct Hosted<'a> {
    engine: &'a Engine,
    of: Place,
    hosted: &'a Name,
    storage: &'a Storage,
    lines: &'a Lines,
}

impl Hosted<'_> {
    fn layer(&self, diff_id: &Digest, size: u64) -> Result<Descriptor, Stopped> {
        let layers = &self.engine.layers;
        let id = diff_id.as_str();
        let has = |blob: &Descriptor| self.storage.blob(self.hosted, &blob.digest).is_ok();
        let known = layers
            .at(diff_id, &self.of)
            .or_else(|| layers.ours(diff_id));
        if let Some(blob) = known.filter(has) {
            self.say(layer("Layer already exists", id))?;
            return Ok(blob);
        }
        if let Some(blob) = layers.ours(diff_id)
            && let Some(from) = layers.elsewhere(diff_id, &self.of, &blob.digest)
            && let Some(other) = Name::parse(&from)
            && self.storage.mount(self.hosted, &other, &blob.digest)?
        {
            self.say(layer(format!("Mounted from {from}"), id))?;
            return Ok(blob);
        }
        self.say(bytes("Pushing", id, 0, size))?;
        let mut upload = self.storage.begin(self.hosted)?;
        pack::compress(&self.engine.store, diff_id, &mut upload).map_err(ImageError::from)?;
        upload.flush().map_err(HostedError::os("write a blob"))?;
        let (digest, packed) = self.storage.finish(upload, None)?;
        let blob = pack::layer_blob(packed, digest);
        layers.compressed(diff_id, blob.clone());
        self.say(layer("Pushed", id))?;
        Ok(blob)
    }

    fn say(&self, line: JsonMessage) -> Result<(), Stopped> {
        self.lines.blocking_send(line).map_err(|_| Stopped::Gone)
    }
}

/// Into another registry. The layers are compressed twice: once to know what they are, once while they are sent.
async fn by_keeper(
    engine: &Engine,
    name: &ImageRef,
    image: Image,
    login: Option<Login>,
    lines: &Lines,
) -> Result<Arc<Packed>, Stopped> {
    let (measuring, of) = (engine.clone(), place(name));
    let packed = blocking(move || {
        let mut blobs = Vec::with_capacity(image.layers.len());
        for known in &image.layers {
            blobs.push(measured(&measuring, &known.diff_id, &of)?);
        }
        Ok(Arc::new(Packed::new(image, blobs)))
    })
    .await?;
    let errand = errand(engine, name, &packed, login);
    let asked = engine.errands.ask(errand, Some(Arc::clone(&packed))).await;
    let mut asked = asked.map_err(|refusal| refused(name, refusal))?;
    loop {
        let news = tokio::select! {
            news = asked.next() => news,
            () = lines.closed() => return Err(Stopped::Gone),
        };
        match news {
            News::Done(Done::Pushed) => return Ok(packed),
            News::Failed(refusal) => return Err(refused(name, refusal).into()),
            News::Layer(number, stage) => {
                if let Some(known) = packed.layers.get(number) {
                    let id = known.diff_id.as_str();
                    say(lines, stage_line(&stage, id, known.blob.size)).await?;
                }
            }
            News::Found { .. } | News::Done(_) => {}
        }
    }
}

fn measured(engine: &Engine, diff_id: &Digest, of: &Place) -> Result<Descriptor, EngineError> {
    let known = engine.layers.at(diff_id, of);
    if let Some(blob) = known.or_else(|| engine.layers.ours(diff_id)) {
        return Ok(blob);
    }
    let blob = pack::measure(&engine.store, diff_id).map_err(ImageError::from)?;
    engine.layers.compressed(diff_id, blob.clone());
    Ok(blob)
}

fn errand(engine: &Engine, name: &ImageRef, packed: &Packed, login: Option<Login>) -> Errand {
    let of = place(name);
    let blob = |blob: &Descriptor, from| Blob {
        digest: blob.digest.to_string(),
        size: blob.size,
        media_type: blob.media_type.into(),
        from,
    };
    let layers = packed.layers.iter().map(|known| {
        let from = engine
            .layers
            .elsewhere(&known.diff_id, &of, &known.blob.digest);
        blob(&known.blob, from)
    });
    Errand::Push {
        name: name.to_string(),
        manifest: Blob {
            digest: packed.manifest_digest.to_string(),
            size: packed.manifest.len() as u64,
            media_type: MANIFEST.into(),
            from: None,
        },
        config: blob(&packed.config_blob, None),
        layers: layers.collect(),
        login,
    }
}

fn stage_line(stage: &Stage, id: &str, size: u64) -> JsonMessage {
    match stage {
        Stage::Pushing(count) => bytes("Pushing", id, *count, size),
        Stage::Pushed => layer("Pushed", id),
        Stage::Exists => layer("Layer already exists", id),
        Stage::Mounted(from) => layer(format!("Mounted from {from}"), id),
        Stage::Downloading(_) | Stage::Pulled => layer("Preparing", id),
    }
}

/// A keeper's refusal to push, as Docker would have worded it.
fn refused(name: &ImageRef, refusal: Refusal) -> EngineError {
    let host = place(name).registry;
    match refusal.kind {
        RefusalKind::NotAllowed if is_loopback(&host) => ImageError::NoRegistry { host }.into(),
        RefusalKind::NotAllowed => ImageError::PushDenied(refusal.message).into(),
        RefusalKind::Unauthorized => ImageError::Unauthorized(refusal.message).into(),
        RefusalKind::NotFound | RefusalKind::Unreachable | RefusalKind::Failed => {
            ImageError::Registry(refusal.message).into()
        }
    }
}

/// What the keeper reads for a push: the manifest, the config, or a layer, compressed while it is read.
pub(crate) fn blob(
    engine: &Engine,
    packed: &Arc<Packed>,
    digest: &str,
) -> Result<axum::response::Response, EngineError> {
    use axum::response::IntoResponse as _;
    let wanted: Digest = digest.parse().map_err(|_| EngineError::NoSuchPage)?;
    if wanted == packed.manifest_digest {
        return Ok(packed.manifest.clone().into_response());
    }
    if wanted == packed.config_blob.digest {
        return Ok(packed.config.clone().into_response());
    }
    let mut layers = packed.layers.iter();
    let known = layers.find(|known| known.blob.digest == wanted);
    let diff_id = known.ok_or(EngineError::NoSuchPage)?.diff_id.clone();
    // Another's compression cannot be made again; who has it is not asked for it.
    let ours = engine.layers.ours(&diff_id);
    if ours.is_none_or(|ours| ours.digest != wanted) {
        return Err(EngineError::NoSuchPage);
    }
    let (sender, response) = stream::growing("application/octet-stream");
    let engine = engine.clone();
    tokio::task::spawn_blocking(move || {
        let to = stream::BlockingWriter::new(&sender);
        if let Err(error) = pack::compress(&engine.store, &diff_id, to) {
            sender.abort_blocking(std::io::Error::other(error));
        }
    });
    Ok(response)
}
