//! `docker pull`: from the host's store, from the registry on the workstation, or by the keeper from any other.

use std::collections::HashSet;

use drydock_api::{
    errand::{Done, Errand, FoundLayer, News, Stage},
    models::JsonMessage,
};
use drydock_image::{Digest, ImageId, ImageRef, registry::Platform};
use tokio::sync::mpsc;

use super::{
    errands::Asked,
    hosted::place::{Name, Reference},
    hosted_name, place,
    progress::{about, bytes, failure, layer, status},
    pull_hosted, refused,
};
use crate::{
    Engine,
    container::life::blocking,
    error::EngineError,
    image::{ImageError, tell_of_name},
};

/// Lines that wait for a client that reads slowly.
const QUEUE: usize = 64;

/// A client that has gone, which ends the work; or a reason.
pub(super) enum Stopped {
    Gone,
    Failed(EngineError),
}

impl<E: Into<EngineError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Where the lines go.
pub(super) type Lines = mpsc::Sender<JsonMessage>;

pub(super) async fn say(lines: &Lines, line: JsonMessage) -> Result<(), Stopped> {
    lines.send(line).await.map_err(|_| Stopped::Gone)
}

/// A pull whose image was found.
pub(crate) struct Begun {
    engine: Engine,
    name: ImageRef,
    from: Origin,
}

enum Origin {
    /// The host's store, where the operator put it.
    Store(ImageId),
    /// The registry on the workstation.
    Hosted(Name, Reference),
    /// Another registry.
    Keeper(Asked, Found),
}

/// What the keeper found.
struct Found {
    image: String,
    layers: Vec<FoundLayer>,
}

/// Looks for an image. What fails here fails before Docker's client is answered with 200.
pub(crate) async fn begin(
    engine: &Engine,
    name: ImageRef,
    platform: Option<&str>,
) -> Result<Begun, EngineError> {
    let name = name.with_default_tag();
    let wanted = platform.map(parse_platform).transpose()?;
    let from = if let Some(hosted) = hosted_name(engine, &name) {
        hosted_image(engine, &name, hosted)?
    } else {
        let store = engine.store.clone();
        let offering = name.clone();
        let offered =
            blocking(move || Ok(store.offered(&offering).map_err(ImageError::from)?)).await?;
        match offered {
            Some(id) if wanted.is_none_or(|wanted| wanted == Platform::host()) => Origin::Store(id),
            _ => ask_keeper(engine, &name, platform).await?,
        }
    };
    Ok(Begun {
        engine: engine.clone(),
        name,
        from,
    })
}

fn parse_platform(text: &str) -> Result<Platform, EngineError> {
    Platform::parse(text).ok_or_else(|| {
        EngineError::Invalid(format!(
            "{text:?}: cannot parse platform specifier: invalid argument"
        ))
    })
}

fn hosted_image(engine: &Engine, name: &ImageRef, hosted: Name) -> Result<Origin, EngineError> {
    let reference = match (name.digest(), name.tag()) {
        (Some(digest), _) => Reference::Digest(digest.clone()),
        (None, tag) => Reference::Tag(tag.unwrap_or("latest").into()),
    };
    let storage = engine.hosted.as_ref();
    let known = storage.is_some_and(|storage| storage.manifest(&hosted, &reference).is_ok());
    if known {
        return Ok(Origin::Hosted(hosted, reference));
    }
    let text = format!("manifest for {name} not found: manifest unknown: manifest unknown");
    Err(ImageError::NotInRegistry(text).into())
}

async fn ask_keeper(
    engine: &Engine,
    name: &ImageRef,
    platform: Option<&str>,
) -> Result<Origin, EngineError> {
    let errand = Errand::Pull {
        name: name.to_string(),
        platform: platform.map(Into::into),
    };
    let asked = engine.errands.ask(errand, None).await;
    let mut asked = asked.map_err(|refusal| refused(name, refusal))?;
    loop {
        match asked.next().await {
            News::Found { image, layers, .. } => {
                return Ok(Origin::Keeper(asked, Found { image, layers }));
            }
            News::Failed(refusal) => return Err(refused(name, refusal)),
            News::Layer(..) | News::Done(_) => {}
        }
    }
}

impl Begun {
    /// Brings the image, line by line; the last line says how it ended.
    pub(crate) async fn run(self, lines: &Lines) {
        let (engine, name) = (self.engine.clone(), self.name.clone());
        let before = engine.store.resolve(&name.to_string()).ok();
        let outcome = match self.bring(lines).await {
            Ok(id) => {
                tell_of_name(&engine, "pull", &name);
                let outcome = if before == Some(id) {
                    "Image is up to date for"
                } else {
                    "Downloaded newer image for"
                };
                say(lines, status(format!("Status: {outcome} {name}"))).await
            }
            Err(stopped) => Err(stopped),
        };
        if let Err(Stopped::Failed(error)) = outcome {
            let _ = say(lines, failure(&error)).await;
        }
    }

    /// As [`Begun::run`], one of several: how it ended is said for all of them.
    async fn bring(self, lines: &Lines) -> Result<ImageId, Stopped> {
        let Self { engine, name, from } = self;
        let of = place(&name).repository;
        let tag = name.digest().map(ToString::to_string);
        let tag = tag
            .or_else(|| name.tag().map(Into::into))
            .unwrap_or_default();
        say(lines, about(format!("Pulling from {of}"), tag)).await?;
        let (id, digest) = match from {
            Origin::Store(id) => from_store(&engine, &name, &id, lines).await?,
            Origin::Hosted(hosted, reference) => {
                pull_hosted::pull(&engine, &name, &hosted, &reference, lines).await?
            }
            Origin::Keeper(asked, found) => {
                from_keeper(&engine, &name, asked, found, lines).await?
            }
        };
        say(lines, status(format!("Digest: {digest}"))).await?;
        Ok(id)
    }
}

/// The image is there: only its name is new.
async fn from_store(
    engine: &Engine,
    name: &ImageRef,
    id: &ImageId,
    lines: &Lines,
) -> Result<(ImageId, Digest), Stopped> {
    let is_new = engine.store.image(id).is_err();
    engine.store.pull(name).map_err(ImageError::from)?;
    let image = engine.store.image(id).map_err(ImageError::from)?;
    if is_new {
        for text in ["Pulling fs layer", "Download complete", "Pull complete"] {
            for known in &image.layers {
                say(lines, layer(text, known.diff_id.as_str())).await?;
            }
        }
    }
    let digest = image.digests.iter().find_map(ImageRef::digest);
    Ok((id.clone(), digest.unwrap_or(&id.0).clone()))
}

/// Layers of images that are present: as far as the learner can see, others are not there.
pub(super) fn present_layers(engine: &Engine) -> Result<HashSet<Digest>, EngineError> {
    let mut present = HashSet::new();
    for image in engine.store.list().map_err(ImageError::from)? {
        let image = engine.store.image(&image.id).map_err(ImageError::from)?;
        present.extend(image.layers.into_iter().map(|layer| layer.diff_id));
    }
    Ok(present)
}

async fn from_keeper(
    engine: &Engine,
    name: &ImageRef,
    mut asked: Asked,
    found: Found,
    lines: &Lines,
) -> Result<(ImageId, Digest), Stopped> {
    let whole = found.image.parse().map(ImageId).ok();
    let is_here = whole.is_some_and(|id| engine.store.image(&id).is_ok());
    let listing = engine.clone();
    let present = blocking(move || present_layers(&listing)).await?;
    // Those of which the learner is told how they come.
    let told: Vec<bool> = found
        .layers
        .iter()
        .map(|layer| {
            let is_present = layer.diff_id.parse().is_ok_and(|id| present.contains(&id));
            !is_here && !is_present
        })
        .collect();
    for (known, told) in found.layers.iter().zip(&told) {
        let text = if *told {
            "Pulling fs layer"
        } else {
            "Already exists"
        };
        if !is_here {
            say(lines, layer(text, &known.digest)).await?;
        }
    }
    loop {
        match asked.next().await {
            News::Found { .. } => {}
            News::Layer(number, stage) => {
                if let (Some(known), Some(true)) = (found.layers.get(number), told.get(number)) {
                    tell_stage(known, &stage, lines).await?;
                }
            }
            News::Failed(refusal) => return Err(refused(name, refusal).into()),
            News::Done(Done::Pulled { image, digest }) => {
                return adopt(engine, name, &image, &digest, &found.layers).await;
            }
            News::Done(_) => {
                let text = "the keeper did something else than to pull".to_owned();
                return Err(ImageError::Registry(text).into());
            }
        }
    }
}

async fn tell_stage(known: &FoundLayer, stage: &Stage, lines: &Lines) -> Result<(), Stopped> {
    let digest = &known.digest;
    match stage {
        Stage::Downloading(count) => {
            say(lines, bytes("Downloading", digest, *count, known.size)).await
        }
        Stage::Pulled => {
            for text in ["Verifying Checksum", "Download complete"] {
                say(lines, layer(text, digest)).await?;
            }
            say(lines, bytes("Extracting", digest, known.size, known.size)).await?;
            say(lines, layer("Pull complete", digest)).await
        }
        Stage::Pushing(_) | Stage::Pushed | Stage::Exists | Stage::Mounted(_) => Ok(()),
    }
}

async fn adopt(
    engine: &Engine,
    name: &ImageRef,
    image: &str,
    digest: &str,
    layers: &[FoundLayer],
) -> Result<(ImageId, Digest), Stopped> {
    let garbled = || ImageError::Registry("the keeper's answer cannot be read".into());
    let id = ImageId(image.parse().map_err(|_| garbled())?);
    let digest: Digest = digest.parse().map_err(|_| garbled())?;
    for known in layers {
        if let (Ok(diff_id), Ok(blob)) = (known.diff_id.parse(), known.digest.parse()) {
            engine.layers.seen(&diff_id, place(name), blob, known.size);
        }
    }
    let names = names_of(name, &digest).map_err(ImageError::from)?;
    let (adopting, image) = (engine.clone(), id.clone());
    blocking(move || {
        Ok(adopting
            .store
            .adopt(&image, &names)
            .map_err(ImageError::from)?)
    })
    .await?;
    Ok((id, digest))
}

/// What an image is called that was pulled as `name` and has this digest.
pub(super) fn names_of(
    name: &ImageRef,
    digest: &Digest,
) -> Result<Vec<ImageRef>, drydock_spec::ParseRefError> {
    let mut names = vec![format!("{}@{digest}", name.repository()).parse()?];
    if name.digest().is_none() {
        names.push(name.clone());
    }
    Ok(names)
}

/// The tags of a repository, for `docker pull -a`.
pub(crate) async fn tags(
    engine: &Engine,
    repository: &ImageRef,
) -> Result<Vec<String>, EngineError> {
    if let (Some(hosted), Some(storage)) = (hosted_name(engine, repository), &engine.hosted) {
        return storage.tags(&hosted).map_err(|_| {
            let text = "repository name not known to registry";
            ImageError::NotInRegistry(format!("name unknown: {text}")).into()
        });
    }
    let errand = Errand::Tags {
        repository: repository.repository().into(),
    };
    let refusal = match engine.errands.ask(errand, None).await {
        Ok(mut asked) => loop {
            match asked.next().await {
                News::Done(Done::Tags(tags)) => return Ok(tags),
                News::Failed(refusal) => break refusal,
                _ => {}
            }
        },
        Err(refusal) => refusal,
    };
    // What the operator put into the store may be had without any registry.
    let offered = engine.store.offered_tags(repository.repository());
    match offered.map_err(ImageError::from)? {
        tags if tags.is_empty() => Err(refused(repository, refusal)),
        tags => Ok(tags),
    }
}

/// Pulls all `tags` of a repository, line by line.
pub(crate) async fn all(
    engine: Engine,
    repository: ImageRef,
    tags: Vec<String>,
    platform: Option<String>,
    lines: Lines,
) {
    let mut fresh = false;
    for tag in tags {
        let pulled = async {
            let name = ImageRef::new(repository.repository(), &tag).map_err(ImageError::from)?;
            let before = engine.store.resolve(&name.to_string()).ok();
            let begun = begin(&engine, name.clone(), platform.as_deref()).await?;
            let id = begun.bring(&lines).await?;
            tell_of_name(&engine, "pull", &name);
            Ok::<_, Stopped>(before != Some(id))
        };
        match pulled.await {
            Ok(is_fresh) => fresh |= is_fresh,
            Err(Stopped::Gone) => return,
            Err(Stopped::Failed(error)) => {
                let _ = say(&lines, failure(&error)).await;
                return;
            }
        }
    }
    let outcome = if fresh {
        "Downloaded newer image for"
    } else {
        "Image is up to date for"
    };
    let _ = say(&lines, status(format!("Status: {outcome} {repository}"))).await;
}

/// A queue for lines, between the work and whoever shows them.
pub(crate) fn queue() -> (Lines, mpsc::Receiver<JsonMessage>) {
    mpsc::channel(QUEUE)
}
