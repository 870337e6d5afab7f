//! `docker rmi` and `docker image prune`.
//!
//! A name is taken away first; with its last name the image goes, and with `prune` the nameless images it was built
//! on. What a container uses stays: a running one always, a stopped one unless forced.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use drydock_image::{Digest, Image, ImageId, ImageRef};
use drydock_spec::ImageId as Id;
use jiff::Timestamp;
use serde::Serialize;

use super::{ImageError, inspect::find, tell};
use crate::{
    Engine, container::Container, error::EngineError, events::Event, filters::Filters, moment,
};

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) enum Line {
    Untagged(String),
    Deleted(String),
}

/// What `docker rmi` may say otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeleteOptions {
    pub force: bool,
    /// Also the nameless images it was built on.
    pub prune: bool,
}

/// Removes a name, or an image. Blocks.
pub(crate) fn delete(
    engine: &Engine,
    name: &str,
    options: DeleteOptions,
) -> Result<Vec<Line>, EngineError> {
    let id = find(engine, name)?;
    let image = engine.store.image(&id).map_err(ImageError::from)?;
    let names: Vec<&ImageRef> = image.tags.iter().chain(&image.digests).collect();
    let mut lines = Vec::new();

    if let Some(reference) = by_name(name, &image) {
        let last = names.len() == 1 || one_repository(&names);
        if last
            && !options.force
            && let Some(container) = users(engine, &id).first()
        {
            return Err(ImageError::InUse(format!(
                "unable to remove repository reference {name:?} (must force) - container {} is using its referenced image {}",
                container.id.short(),
                id.short()
            ))
            .into());
        }
        untag(engine, &id, &reference, &mut lines)?;
        let left = names.into_iter().filter(|name| **name != reference);
        if untag_digests(engine, &id, &reference, left, &mut lines)? > 0 {
            return Ok(lines);
        }
    } else if one_repository(&names) {
        conflict(engine, &image, options.force, false)?;
        for reference in names {
            untag(engine, &id, reference, &mut lines)?;
        }
    }
    remove(engine, &id, options, &mut lines)?;
    Ok(lines)
}

/// The name that was meant, unless an id was.
fn by_name(text: &str, image: &Image) -> Option<ImageRef> {
    let name = text.parse::<ImageRef>().ok()?.with_default_tag();
    image
        .tags
        .iter()
        .chain(&image.digests)
        .find(|known| **known == name)
        .cloned()
}

fn one_repository(names: &[&ImageRef]) -> bool {
    let repositories: BTreeSet<_> = names.iter().map(|name| name.repository()).collect();
    let tags = names.iter().filter(|name| name.tag().is_some()).count();
    repositories.len() == 1 && tags <= 1
}

fn untag(
    engine: &Engine,
    id: &ImageId,
    name: &ImageRef,
    lines: &mut Vec<Line>,
) -> Result<(), EngineError> {
    engine.store.untag(name).map_err(ImageError::from)?;
    lines.push(Line::Untagged(name.to_string()));
    tell(engine, "untag", id, &id.to_string());
    Ok(())
}

/// With the last tag of a repository its digests go too, as with Docker. How many of the names are left.
fn untag_digests<'a>(
    engine: &Engine,
    id: &ImageId,
    gone: &ImageRef,
    left: impl Iterator<Item = &'a ImageRef>,
    lines: &mut Vec<Line>,
) -> Result<usize, EngineError> {
    let same = |name: &&ImageRef| name.repository() == gone.repository();
    let (same, others): (Vec<_>, Vec<_>) = left.partition(same);
    let has_tag = same.iter().any(|name| name.digest().is_none());
    if has_tag || gone.digest().is_some() {
        return Ok(same.len() + others.len());
    }
    for name in same {
        untag(engine, id, name, lines)?;
    }
    Ok(others.len())
}

/// The containers made from an image, running ones first.
fn users(engine: &Engine, id: &Id) -> Vec<Arc<Container>> {
    let mut users: Vec<_> = engine
        .containers
        .all()
        .into_iter()
        .filter(|container| container.image == *id)
        .collect();
    users.sort_by_key(|container| !container.state().is_running());
    users
}

fn conflict(
    engine: &Engine,
    image: &Image,
    force: bool,
    referenced: bool,
) -> Result<(), EngineError> {
    let refuse = |how: &str, why: String| {
        Err(ImageError::InUse(format!(
            "unable to delete {} ({how}) - {why}",
            image.id.short()
        ))
        .into())
    };
    let list = engine.store.list().map_err(ImageError::from)?;
    if list
        .iter()
        .any(|child| child.parent.as_ref() == Some(&image.id))
    {
        return refuse(
            "cannot be forced",
            "image has dependent child images".into(),
        );
    }
    let users = users(engine, &image.id);
    if let Some(container) = users
        .first()
        .filter(|container| container.state().is_running())
    {
        return refuse(
            "cannot be forced",
            format!(
                "image is being used by running container {}",
                container.id.short()
            ),
        );
    }
    if force {
        return Ok(());
    }
    if referenced && !(image.tags.is_empty() && image.digests.is_empty()) {
        return refuse(
            "must be forced",
            "image is referenced in multiple repositories".into(),
        );
    }
    if let Some(container) = users.first() {
        return refuse(
            "must be forced",
            format!(
                "image is being used by stopped container {}",
                container.id.short()
            ),
        );
    }
    Ok(())
}

fn remove(
    engine: &Engine,
    id: &ImageId,
    options: DeleteOptions,
    lines: &mut Vec<Line>,
) -> Result<(), EngineError> {
    let image = engine.store.image(id).map_err(ImageError::from)?;
    // Children keep an image that has lost its name; that is no failure then.
    if let Err(error) = conflict(engine, &image, options.force, true) {
        return if lines.is_empty() { Err(error) } else { Ok(()) };
    }
    for name in image.tags.iter().chain(&image.digests) {
        untag(engine, id, name, lines)?;
    }
    engine.store.remove_image(id).map_err(ImageError::from)?;
    lines.push(Line::Deleted(id.to_string()));
    tell(engine, "delete", id, &id.to_string());
    freed_layers(engine, &image, lines)?;

    let Some(parent) = image.parent.filter(|_| options.prune) else {
        return Ok(());
    };
    let Ok(below) = engine.store.image(&parent) else {
        return Ok(());
    };
    let nameless = below.tags.is_empty() && below.digests.is_empty();
    if nameless
        && users(engine, &parent).is_empty()
        && conflict(engine, &below, false, true).is_ok()
    {
        remove(engine, &parent, options, lines)?;
    }
    Ok(())
}

/// The layers that no other image and no container has, topmost first, by their chain ids as Docker names them.
fn freed_layers(engine: &Engine, image: &Image, lines: &mut Vec<Line>) -> Result<(), EngineError> {
    let mut used = BTreeSet::new();
    for other in engine.store.list().map_err(ImageError::from)? {
        let other = engine.store.image(&other.id).map_err(ImageError::from)?;
        used.extend(chains(&other.config.rootfs.diff_ids));
    }
    for container in engine.containers.all() {
        used.extend(chains(container.layers.layers()));
    }
    let own = chains(&image.config.rootfs.diff_ids);
    lines.extend(
        own.into_iter()
            .rev()
            .filter(|chain| !used.contains(chain))
            .map(Line::Deleted),
    );
    Ok(())
}

/// A layer's chain id is the digest of the chain id below it and its own diff id.
fn chains(diff_ids: &[Digest]) -> Vec<String> {
    use sha2::{Digest as _, Sha256};
    let mut chains: Vec<String> = Vec::with_capacity(diff_ids.len());
    for diff_id in diff_ids {
        let chain = match chains.last() {
            None => diff_id.to_string(),
            Some(below) => {
                let hash: [u8; 32] = Sha256::digest(format!("{below} {diff_id}")).into();
                Digest::from_sha256(hash).to_string()
            }
        };
        chains.push(chain);
    }
    chains
}

/// Removes images that nobody uses: the nameless, or with `dangling=false` all, name by name, so that of several names
/// the last one stays while a container uses the image. Answers with the bytes that freed.
pub(crate) fn prune(engine: &Engine, filters: &Filters) -> Result<(Vec<Line>, u64), EngineError> {
    let all = filters.flag("dangling")? == Some(false);
    let until = filters
        .get("until")
        .next()
        .map(|text| moment::parse(text, Timestamp::now()))
        .transpose()
        .map_err(EngineError::Invalid)?;
    let sizes = layer_sizes(engine)?;
    let options = DeleteOptions {
        force: false,
        prune: true,
    };
    let mut lines = Vec::new();
    for summary in engine.store.list().map_err(ImageError::from)? {
        // It may have gone with an image that was built on it.
        let Ok(image) = engine.store.image(&summary.id) else {
            continue;
        };
        let config = image.config.config.as_ref();
        let wanted = (all || image.tags.is_empty())
            && until.is_none_or(|until| summary.created < until.as_second())
            && filters.labels(config.and_then(|config| config.labels.as_ref()));
        for name in names(&image).iter().filter(|_| wanted) {
            // What is in use stays, and is no failure.
            lines.extend(delete(engine, name, options).unwrap_or_default());
        }
    }
    let freed = lines.iter().filter_map(|line| match line {
        Line::Deleted(what) => sizes.get(what),
        Line::Untagged(_) => None,
    });
    let bytes = freed.sum();
    let reclaimed = [("reclaimed".to_owned(), format!("{bytes}"))];
    let event = Event::new("image", "prune", "", reclaimed.into());
    engine.events.tell(event);
    Ok((lines, bytes))
}

/// All names of an image in their order, or its id when it has none.
fn names(image: &Image) -> Vec<String> {
    let names = image.tags.iter().chain(&image.digests);
    let mut names: Vec<String> = names.map(ToString::to_string).collect();
    if names.is_empty() {
        names.push(image.id.to_string());
    }
    names.sort_unstable();
    names
}

/// Bytes of every layer, by its chain id.
fn layer_sizes(engine: &Engine) -> Result<HashMap<String, u64>, EngineError> {
    let mut sizes = HashMap::new();
    for image in engine.store.list().map_err(ImageError::from)? {
        let image = engine.store.image(&image.id).map_err(ImageError::from)?;
        let chains = chains(&image.config.rootfs.diff_ids).into_iter();
        sizes.extend(chains.zip(image.layers.iter().map(|layer| layer.size)));
    }
    Ok(sizes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_became_of_what() {
        let lines = [
            Line::Untagged("a:1".into()),
            Line::Deleted("sha256:0".into()),
        ];
        assert_eq!(
            serde_json::to_string(&lines).unwrap(),
            r#"[{"Untagged":"a:1"},{"Deleted":"sha256:0"}]"#
        );
    }

    #[test]
    fn chain_ids_depend_on_what_is_below() {
        let digest = |byte| Digest::from_sha256([byte; 32]);
        let chain = chains(&[digest(1), digest(2)]);
        assert_eq!(chain[0], digest(1).to_string());
        assert_ne!(chain[1], chains(&[digest(3), digest(2)])[1]);
    }

    #[test]
    fn several_names_in_one_repository_are_several() {
        let names: Vec<ImageRef> = ["a:1", "a:2"].iter().map(|n| n.parse().unwrap()).collect();
        assert!(one_repository(&[&names[0]]));
        assert!(!one_repository(&[&names[0], &names[1]]));
    }
}
