//! `docker images`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use drydock_dockerfile::Wildcard;
use drydock_image::{Digest, Image, ImageId, ImageRef, ImageSummary, Layer};
use jiff::Timestamp;
use serde::Serialize;

use super::ImageError;
use crate::{Engine, error::EngineError, filters::Filters, http::version::ApiVersion, moment};

/// Filters that `docker images` takes.
pub(crate) const FILTERS: &[&str] = &[
    "before",
    "dangling",
    "label",
    "label!",
    "reference",
    "since",
    "until",
];

/// One of `GET /images/json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Summary {
    pub containers: i64,
    pub created: i64,
    pub id: String,
    pub labels: Option<BTreeMap<String, String>>,
    pub parent_id: String,
    pub repo_digests: Option<Vec<String>>,
    pub repo_tags: Option<Vec<String>>,
    pub shared_size: i64,
    pub size: i64,
    /// Until 1.44.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_size: Option<i64>,
}

/// What is listed, and how much is told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ListOptions {
    /// Also steps of a build, which have no name but have children.
    pub all: bool,
    /// Say how much of an image others have too.
    pub shared_size: bool,
}

/// All that are present and of use by themselves, with what they share.
pub(crate) fn summaries(engine: &Engine, api: ApiVersion) -> Result<Vec<Summary>, EngineError> {
    let options = ListOptions {
        shared_size: true,
        ..ListOptions::default()
    };
    list(engine, options, &Filters::default(), api)
}

/// Bytes in all layers, each counted once.
pub(crate) fn layers_size(engine: &Engine) -> Result<u64, EngineError> {
    let images = engine.store.list().map_err(ImageError::from)?;
    let layers = layers(engine, &images)?;
    Ok(layers.values().map(|layer| layer.size).sum())
}

/// Those that fit, newest first.
pub(crate) fn list(
    engine: &Engine,
    options: ListOptions,
    filters: &Filters,
    api: ApiVersion,
) -> Result<Vec<Summary>, EngineError> {
    let images = engine.store.list().map_err(ImageError::from)?;
    let shared = match options.shared_size {
        true => Some(layers(engine, &images)?),
        false => None,
    };
    let chosen = Chosen::new(engine, options, filters, &images)?;
    let mut lines = Vec::new();
    for mut summary in images {
        let image = engine.store.image(&summary.id).map_err(ImageError::from)?;
        if !chosen.fits(&mut summary, &image) {
            continue;
        }
        let mut line = line(&summary, labels(&image), api);
        if let Some(shared) = &shared {
            line.shared_size = shared_size(&image, shared);
        }
        lines.push(line);
    }
    Ok(lines)
}

fn labels(image: &Image) -> Option<BTreeMap<String, String>> {
    image.config.config.as_ref()?.labels.clone()
}

/// When it was made, to the nanosecond.
fn created(image: &Image) -> Timestamp {
    let created = image.config.created.as_deref();
    let created = created.and_then(|time| time.parse().ok());
    created.unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The filters, understood.
struct Chosen<'a> {
    filters: &'a Filters,
    all: bool,
    parents: BTreeSet<ImageId>,
    references: Vec<Wildcard>,
    dangling: Option<bool>,
    before: Option<Timestamp>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl<'a> Chosen<'a> {
    fn new(
        engine: &Engine,
        options: ListOptions,
        filters: &'a Filters,
        images: &[ImageSummary],
    ) -> Result<Self, EngineError> {
        let pattern = |text| {
            Wildcard::parse(text)
                .ok_or_else(|| EngineError::Invalid("syntax error in pattern".into()))
        };
        let now = Timestamp::now();
        let until = filters
            .get("until")
            .next()
            .map(|text| moment::parse(text, now));
        Ok(Self {
            filters,
            all: options.all,
            parents: images
                .iter()
                .filter_map(|image| image.parent.clone())
                .collect(),
            references: filters
                .get("reference")
                .map(pattern)
                .collect::<Result<_, _>>()?,
            dangling: filters.flag("dangling")?,
            before: created_of(engine, filters, "before")?,
            since: created_of(engine, filters, "since")?,
            until: until.transpose().map_err(EngineError::Invalid)?,
        })
    }

    /// Whether an image is shown; of its names only those that were asked for are left.
    fn fits(&self, summary: &mut ImageSummary, image: &Image) -> bool {
        if !self.references.is_empty() {
            let wanted = |name: &ImageRef| self.references.iter().any(|p| matches(p, name));
            summary.tags.retain(wanted);
            summary.digests.retain(wanted);
        }
        let nameless = summary.tags.is_empty() && summary.digests.is_empty();
        let step = nameless && self.parents.contains(&summary.id);
        let created = created(image);
        (!step || self.all && self.dangling != Some(true))
            && self
                .dangling
                .is_none_or(|wanted| summary.tags.is_empty() == wanted)
            && self.before.is_none_or(|before| created < before)
            && self.since.is_none_or(|since| created > since)
            && self.until.is_none_or(|until| created < until)
            && (!nameless || self.references.is_empty())
            && self.filters.labels(labels(image).as_ref())
    }
}

fn created_of(
    engine: &Engine,
    filters: &Filters,
    key: &str,
) -> Result<Option<Timestamp>, EngineError> {
    let Some(name) = filters.get(key).next() else {
        return Ok(None);
    };
    let id: ImageId = super::inspect::find(engine, name)?;
    let image = engine.store.image(&id).map_err(ImageError::from)?;
    Ok(Some(created(&image)))
}

/// A layer, and how many images have it.
struct Shared {
    size: u64,
    images: usize,
}

fn layers(
    engine: &Engine,
    images: &[ImageSummary],
) -> Result<HashMap<Digest, Shared>, EngineError> {
    let mut layers: HashMap<Digest, Shared> = HashMap::new();
    for image in images {
        let image = engine.store.image(&image.id).map_err(ImageError::from)?;
        let own: BTreeMap<Digest, u64> = image
            .layers
            .into_iter()
            .map(|layer| (layer.diff_id, layer.size))
            .collect();
        for (diff_id, size) in own {
            layers
                .entry(diff_id)
                .or_insert(Shared { size, images: 0 })
                .images += 1;
        }
    }
    Ok(layers)
}

fn shared_size(image: &Image, layers: &HashMap<Digest, Shared>) -> i64 {
    let others = |layer: &&Layer| layers.get(&layer.diff_id).is_some_and(|l| l.images > 1);
    let size: u64 = image
        .layers
        .iter()
        .filter(others)
        .map(|layer| layer.size)
        .sum();
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn line(
    image: &ImageSummary,
    labels: Option<BTreeMap<String, String>>,
    api: ApiVersion,
) -> Summary {
    let size = i64::try_from(image.size).unwrap_or(i64::MAX);
    // Since 1.43 nothing stands for nothing; before, `<none>` did.
    let names = |names: &[ImageRef], none: &str| {
        let words: Vec<_> = names.iter().map(ToString::to_string).collect();
        let nameless = image.tags.is_empty() && image.digests.is_empty();
        match (words.is_empty(), api >= ApiVersion(43)) {
            (true, false) if nameless => Some(vec![none.to_owned()]),
            (true, false) => None,
            _ => Some(words),
        }
    };
    Summary {
        containers: -1,
        created: image.created,
        id: image.id.to_string(),
        labels,
        parent_id: image
            .parent
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        repo_digests: names(&image.digests, "<none>@<none>"),
        repo_tags: names(&image.tags, "<none>:<none>"),
        shared_size: -1,
        size,
        virtual_size: (api < ApiVersion(44)).then_some(size),
    }
}

/// Go's `path.Match` on the name, with or without its tag.
fn matches(pattern: &Wildcard, name: &ImageRef) -> bool {
    pattern.is_match(&name.to_string()) || pattern.is_match(name.repository())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn references_are_matched_as_go_matches_paths() {
        let name: ImageRef = "me/app:v1".parse().unwrap();
        assert!(
            [
                "me/app",
                "me/app:v1",
                "me/*",
                "*/app:v?",
                "me/a*:v1",
                "me/[a-c]pp"
            ]
            .into_iter()
            .all(|p| matches(&Wildcard::parse(p).unwrap(), &name))
        );
        assert!(
            ["app", "*", "me/app:v2", "me*", "me/ap"]
                .into_iter()
                .all(|p| !matches(&Wildcard::parse(p).unwrap(), &name))
        );
    }
}
