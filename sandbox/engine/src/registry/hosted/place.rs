//! What a path of the registry means. Pure.

use drydock_image::{Digest, ImageRef};

/// A page of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// `/v2/`.
    Base,
    /// `/v2/_catalog`.
    Catalog,
    /// `/v2/NAME/…`.
    Of(Name, Thing),
}

/// A repository's name, as the specification lets it be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(String);

/// Something of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thing {
    Tags,
    Manifest(Reference),
    Blob(Digest),
    /// All uploads: where new ones begin.
    Uploads,
    Upload(String),
    Referrers(Digest),
}

/// By what a manifest is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    Tag(String),
    Digest(Digest),
}

/// Why a path means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadPlace {
    Name,
    Digest,
    Path,
}

impl Name {
    /// A name by itself.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let name: ImageRef = format!("localhost/{text}").parse().ok()?;
        let plain = name.tag().is_none() && name.digest().is_none();
        plain.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Place {
    /// Reads what follows `/v2/`.
    pub(crate) fn parse(path: &str) -> Result<Self, BadPlace> {
        match path {
            "" => return Ok(Self::Base),
            "_catalog" => return Ok(Self::Catalog),
            _ => {}
        }
        let parts: Vec<&str> = path.split('/').collect();
        let digest = |text: &str| text.parse::<Digest>().map_err(|_| BadPlace::Digest);
        let (name, thing) = match parts.as_slice() {
            [name @ .., "tags", "list"] => (name, Thing::Tags),
            [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => {
                (name, Thing::Uploads)
            }
            [name @ .., "blobs", "uploads", id] => (name, Thing::Upload((*id).to_owned())),
            [name @ .., "blobs", text] => (name, Thing::Blob(digest(text)?)),
            [name @ .., "referrers", text] => (name, Thing::Referrers(digest(text)?)),
            [name @ .., "manifests", text] => (name, Thing::Manifest(reference(text)?)),
            _ => return Err(BadPlace::Path),
        };
        let name = Name::parse(&name.join("/")).ok_or(BadPlace::Name)?;
        Ok(Self::Of(name, thing))
    }
}

fn reference(text: &str) -> Result<Reference, BadPlace> {
    if text.contains(':') {
        let digest = text.parse().map_err(|_| BadPlace::Digest)?;
        return Ok(Reference::Digest(digest));
    }
    // A tag that is not one names no manifest.
    ImageRef::new("x", text)
        .map(|_| Reference::Tag(text.to_owned()))
        .map_err(|_| BadPlace::Path)
}

/// The bytes that `Range: bytes=A-B` asks for of `size`: first and last. `None` when they cannot be had.
pub(crate) fn range(header: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first, last) {
        ("", suffix) => (
            size.checked_sub(suffix.parse::<u64>().ok()?.min(size))?,
            size - 1,
        ),
        (first, "") => (first.parse().ok()?, size.checked_sub(1)?),
        (first, last) => (
            first.parse().ok()?,
            last.parse::<u64>().ok()?.min(size.checked_sub(1)?),
        ),
    };
    (first <= last && last < size).then_some((first, last))
}

/// The beginning of `Content-Range: A-B` of an upload's piece.
pub(crate) fn piece(header: &str) -> Option<(u64, u64)> {
    let (first, last) = header.trim_start_matches("bytes ").split_once('-')?;
    let last = last.split('/').next()?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_slashes_and_words_of_the_registry_in_them() {
        let digest: Digest = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
        let of = |name: &str, thing| Ok(Place::Of(Name(name.into()), thing));
        assert_eq!(Place::parse(""), Ok(Place::Base));
        assert_eq!(Place::parse("a/b/tags/list"), of("a/b", Thing::Tags));
        assert_eq!(
            Place::parse("blobs/manifests/v1"),
            of("blobs", Thing::Manifest(Reference::Tag("v1".into())))
        );
        assert_eq!(
            Place::parse(&format!("app/blobs/{digest}")),
            of("app", Thing::Blob(digest))
        );
        assert_eq!(
            Place::parse("app/blobs/uploads/"),
            of("app", Thing::Uploads)
        );
        assert_eq!(
            Place::parse("app/blobs/uploads/7"),
            of("app", Thing::Upload("7".into()))
        );
    }

    #[test]
    fn what_means_nothing_is_told_apart() {
        assert_eq!(Place::parse("a/../b/tags/list"), Err(BadPlace::Name));
        assert_eq!(Place::parse("UPPER/tags/list"), Err(BadPlace::Name));
        assert_eq!(Place::parse("tags/list"), Err(BadPlace::Name));
        assert_eq!(Place::parse("app/blobs/sha256:0"), Err(BadPlace::Digest));
        assert_eq!(
            Place::parse("app/blobs/sha256:../../x"),
            Err(BadPlace::Path)
        );
        assert_eq!(Place::parse("app/manifests/a b"), Err(BadPlace::Path));
        assert_eq!(Place::parse("app"), Err(BadPlace::Path));
    }

    #[test]
    fn ranges_stay_inside() {
        assert_eq!(range("bytes=2-4", 10), Some((2, 4)));
        assert_eq!(range("bytes=2-", 10), Some((2, 9)));
        assert_eq!(range("bytes=-3", 10), Some((7, 9)));
        assert_eq!(range("bytes=2-99", 10), Some((2, 9)));
        for bad in ["bytes=10-", "bytes=4-2", "bytes=-0", "bytes=a-b", "2-4"] {
            assert_eq!(range(bad, 10), None, "{bad}");
        }
        assert_eq!(range("bytes=0-", 0), None);
        assert_eq!(piece("0-9"), Some((0, 9)));
        assert_eq!(piece("bytes 5-9/10"), Some((5, 9)));
        assert_eq!(piece("x"), None);
    }
}
