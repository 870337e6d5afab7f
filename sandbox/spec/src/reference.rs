//! Image references: `[registry/]name[:tag][@digest]`, after the distribution project's grammar.

use std::{fmt, str::FromStr};

use crate::Digest;

/// A parsed image reference, kept in the familiar form that Docker prints:
/// `docker.io/library/busybox` is `busybox`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageRef {
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference; Docker's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseRefError {
    /// Does not match the grammar.
    #[error("invalid reference format")]
    Format,
    /// Docker tells upper-case letters apart from other mistakes.
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    Uppercase(String),
    /// 64 hex digits would be taken for an image id.
    #[error("invalid repository name ({0}), cannot specify 64-byte hexadecimal strings")]
    LooksLikeId(String),
    /// Over 255 characters.
    #[error("repository name must not be more than 255 characters")]
    TooLong,
}

impl ImageRef {
    /// Builds a reference from its parts; the parts must be valid.
    ///
    /// # Errors
    /// As parsing `repository:tag`.
    pub fn new(repository: &str, tag: &str) -> Result<Self, ParseRefError> {
        format!("{repository}:{tag}").parse()
    }

    /// The familiar repository name: `busybox`, `me/app`, `localhost:5000/app`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The whole reference with its registry, as registries and containerd know it:
    /// `docker.io/library/busybox:latest`.
    #[must_use]
    pub fn full_name(&self) -> String {
        match self.repository.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => self.to_string(),
            Some(_) => format!("docker.io/{self}"),
            None => format!("docker.io/library/{self}"),
        }
    }

    /// The tag as written, if one was.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest as written, if one was.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The tag, or `latest` when neither tag nor digest was written.
    #[must_use]
    pub fn tag_or_latest(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            (None, None) => Some("latest"),
            (None, Some(_)) => None,
        }
    }

    /// The same reference with `latest` filled in where nothing was written.
    #[must_use]
    pub fn with_default_tag(mut self) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some("latest".into());
        }
        self
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for ImageRef {
    type Err = ParseRefError;

    fn from_str(text: &str) -> Result<Self, ParseRefError> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (
                rest,
                Some(digest.parse().map_err(|_| ParseRefError::Format)?),
            ),
            None => (text, None),
        };
        // A colon after the last slash starts a tag; before it, a registry's port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(ParseRefError::Format);
        }
        let (registry, path) = split_registry(name);
        check_path(path)?;
        if registry.is_none() && is_hex64(path) {
            return Err(ParseRefError::LooksLikeId(path.into()));
        }
        if registry.is_some_and(|host| !is_registry(host)) {
            return Err(ParseRefError::Format);
        }
        let repository = familiar(registry, path);
        if repository.len() > 255 {
            return Err(ParseRefError::TooLong);
        }
        Ok(Self {
            repository,
            tag: tag.map(Into::into),
            digest,
        })
    }
}

/// The first component is a registry when it has a dot or a port, or is `localhost`.
fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, path))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            (Some(first), path)
        }
        _ => (None, name),
    }
}

fn familiar(registry: Option<&str>, path: &str) -> String {
    match registry {
        None | Some("docker.io" | "index.docker.io") => short(path),
        Some(host) => format!("{host}/{path}"),
    }
}

/// A name on Docker's own registry, as short as it still means the same: `library/` holds single names only.
fn short(path: &str) -> String {
    let official = path.strip_prefix("library/");
    let short = official.filter(|name| !name.contains('/')).unwrap_or(path);
    if split_registry(short).0.is_some() || is_hex64(short) {
        return format!("docker.io/{short}");
    }
    short.into()
}

fn is_hex64(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_tag(tag: &str) -> bool {
    let mut bytes = tag.bytes();
    tag.len() <= 128
        && bytes
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_registry(host: &str) -> bool {
    let (name, port) = host
        .rsplit_once(':')
        .map_or((host, None), |(n, p)| (n, Some(p)));
    let labels_ok = name.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    labels_ok && port.is_none_or(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

fn check_path(path: &str) -> Result<(), ParseRefError> {
    if path.bytes().any(|b| b.is_ascii_uppercase())
        && path
            .split('/')
            .all(|part| is_component(&part.to_ascii_lowercase()))
    {
        return Err(ParseRefError::Uppercase(path.into()));
    }
    if path.split('/').all(is_component) {
        Ok(())
    } else {
        Err(ParseRefError::Format)
    }
}

/// Lower-case letters and digits, separated by `.`, `_`, `__` or any number of `-`.
fn is_component(part: &str) -> bool {
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    if !alnum(first) || !alnum(last) {
        return false;
    }
    part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|sep| matches!(sep, "" | "." | "_" | "__") || sep.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, ParseRefError> {
        text.parse::<ImageRef>().map(|r| r.to_string())
    }

    #[test]
    fn names_are_shown_in_their_familiar_form() {
        assert_eq!(
            parsed("docker.io/library/busybox").as_deref(),
            Ok("busybox")
        );
        assert_eq!(
            parsed("library/busybox:1.36").as_deref(),
            Ok("busybox:1.36")
        );
        assert_eq!(
            parsed("localhost:5000/a/b:v1").as_deref(),
            Ok("localhost:5000/a/b:v1")
        );
        assert_eq!(parsed("me/my__app-x.y").as_deref(), Ok("me/my__app-x.y"));
    }

    #[test]
    fn short_forms_mean_the_same_when_they_are_read_again() {
        let hex = "0".repeat(64);
        let long = [
            "library/docker.io/library/a".to_owned(),
            "docker.io/localhost/x".to_owned(),
            format!("library/{hex}"),
            "index.docker.io/library/a/b".to_owned(),
        ];
        for name in long {
            let short = parsed(&name).unwrap();
            assert_eq!(parsed(&short), Ok(short.clone()), "{name}");
        }
        assert_eq!(
            parsed("docker.io/localhost/x").as_deref(),
            Ok("docker.io/localhost/x")
        );
    }

    #[test]
    fn latest_is_the_default_tag_unless_a_digest_is_given() {
        let plain: ImageRef = "busybox".parse().unwrap();
        assert_eq!(plain.tag_or_latest(), Some("latest"));
        let pinned: ImageRef = format!("busybox@sha256:{}", "0".repeat(64))
            .parse()
            .unwrap();
        assert_eq!(pinned.tag_or_latest(), None);
    }

    #[test]
    fn bad_references_are_refused_in_dockers_words() {
        assert_eq!(parsed(""), Err(ParseRefError::Format));
        assert_eq!(parsed("-it"), Err(ParseRefError::Format));
        assert_eq!(parsed("a:b:c"), Err(ParseRefError::Format));
        assert_eq!(parsed("a b"), Err(ParseRefError::Format));
        assert_eq!(parsed("a/../b"), Err(ParseRefError::Format));
        assert_eq!(
            parsed("MyApp").map_err(|e| e.to_string()).unwrap_err(),
            "invalid reference format: repository name (MyApp) must be lowercase"
        );
        assert!(matches!(
            parsed(&"a".repeat(64)),
            Err(ParseRefError::LooksLikeId(_))
        ));
    }
}
