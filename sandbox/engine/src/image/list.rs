//! `docker images`.

use std::collections::{BTreeMap, BTreeSet};

use drydock_image::{ImageId, ImageRef, ImageSummary};
use serde::Serialize;

use super::ImageError;
use crate::{Engine, clock, error::EngineError, filters::Filters, http::version::ApiVersion};

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
    pub virtual_size: i64,
}

/// All that are present and of use by themselves.
pub(crate) fn summaries(engine: &Engine) -> Result<Vec<Summary>, EngineError> {
    list(engine, false, &Filters::default(), ApiVersion(43))
}

/// Those that fit; steps of a build, which have no name but have children, only when `all` are wanted.
pub(crate) fn list(
    engine: &Engine,
    all: bool,
    filters: &Filters,
    api: ApiVersion,
) -> Result<Vec<Summary>, EngineError> {
    let images = engine.store.list().map_err(ImageError::from)?;
    let parents: BTreeSet<_> = images
        .iter()
        .filter_map(|image| image.parent.clone())
        .collect();
    let dangling = filters.flag("dangling")?;
    let (before, since) = (
        created(engine, &images, filters, "before")?,
        created(engine, &images, filters, "since")?,
    );
    let until = filters
        .get("until")
        .next()
        .map(clock::parse_limit)
        .transpose()
        .map_err(EngineError::Invalid)?
        .flatten();
    let mut lines = Vec::new();
    for mut image in images {
        let wanted = |name: &ImageRef| filters.any("reference", |pattern| matches(pattern, name));
        image.tags.retain(wanted);
        image.digests.retain(wanted);
        let nameless = image.tags.is_empty() && image.digests.is_empty();
        let step = nameless && parents.contains(&image.id);
        let fits = (!step || all && dangling != Some(true))
            && dangling.is_none_or(|wanted| image.tags.is_empty() == wanted)
            && before.is_none_or(|before| image.created < before)
            && since.is_none_or(|since| image.created > since)
            && until.is_none_or(|until| image.created < until.as_second())
            && !(nameless && filters.has("reference"));
        if !fits {
            continue;
        }
        let config = engine
            .store
            .image(&image.id)
            .map_err(ImageError::from)?
            .config
            .config;
        let labels = config.and_then(|config| config.labels);
        if filters.labels(labels.as_ref()) {
            lines.push(line(&image, labels, api));
        }
    }
    Ok(lines)
}

fn created(
    engine: &Engine,
    images: &[ImageSummary],
    filters: &Filters,
    key: &str,
) -> Result<Option<i64>, EngineError> {
    let Some(name) = filters.get(key).next() else {
        return Ok(None);
    };
    let id: ImageId = super::inspect::find(engine, name)?;
    Ok(images
        .iter()
        .find(|image| image.id == id)
        .map(|image| image.created))
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
        virtual_size: size,
    }
}

/// Go's `path.Match` on the name, with or without its tag.
fn matches(pattern: &str, name: &ImageRef) -> bool {
    glob(pattern.as_bytes(), name.to_string().as_bytes())
        || glob(pattern.as_bytes(), name.repository().as_bytes())
}

/// `*` and `?` stop at slashes. Bounded: a pattern backtracks over one star only.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') if text[t] != b'/' => (p, t) = (p + 1, t + 1),
            Some(byte) if *byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((after, from)) if text[from] != b'/' => {
                    star = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn references_are_matched_as_go_matches_paths() {
        let name: ImageRef = "me/app:v1".parse().unwrap();
        assert!(
            ["me/app", "me/app:v1", "me/*", "*/app:v?", "me/a*:v1"]
                .into_iter()
                .all(|p| matches(p, &name))
        );
        assert!(
            ["app", "*", "me/app:v2", "me*", "me/ap"]
                .into_iter()
                .all(|p| !matches(p, &name))
        );
    }
}
