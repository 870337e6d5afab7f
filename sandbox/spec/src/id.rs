//! Newtypes for ids, so that a container's id is never taken for an image's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {text:?}")]
pub struct ParseIdError {
    kind: &'static str,
    text: String,
}

/// One learner's throwaway machine, a random UUID v4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SandboxId(Uuid);

impl SandboxId {
    /// A fresh id from the operating system's random source.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for SandboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for SandboxId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self(id)),
            _ => Err(ParseIdError {
                kind: "sandbox id",
                text: text.into(),
            }),
        }
    }
}

fn is_hex64(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A container's id: 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerId(String);

impl ContainerId {
    /// A fresh random id.
    #[must_use]
    pub fn random() -> Self {
        Self(format!(
            "{}{}",
            Uuid::new_v4().simple(),
            Uuid::new_v4().simple()
        ))
    }

    /// The 12 digits that Docker prints.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }

    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContainerId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if is_hex64(text) {
            Ok(Self(text.into()))
        } else {
            Err(ParseIdError {
                kind: "container id",
                text: text.into(),
            })
        }
    }
}

impl TryFrom<String> for ContainerId {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<ContainerId> for String {
    fn from(id: ContainerId) -> Self {
        id.0
    }
}

/// A `sha256:…` digest of some bytes: a blob, an uncompressed layer (its diff id), a config.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// From the 32 bytes of a SHA-256.
    #[must_use]
    pub fn from_sha256(bytes: [u8; 32]) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// With the `sha256:` prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 hex digits alone: safe as a file name.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0[7..]
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        match text.strip_prefix("sha256:") {
            Some(hex) if is_hex64(hex) => Ok(Self(text.into())),
            _ => Err(ParseIdError {
                kind: "sha256 digest",
                text: text.into(),
            }),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

/// An image's id: the digest of its config's exact bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageId(pub Digest);

impl ImageId {
    /// The 12 hex digits that Docker prints.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0.hex()[..12]
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ImageId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_names_its_algorithm_and_a_file_name_does_not() {
        let digest = Digest::from_sha256([0xab; 32]);
        assert!(digest.as_str().starts_with("sha256:abab"));
        assert_eq!(digest.hex().len(), 64);
        assert_eq!(digest.as_str().parse::<Digest>().as_ref(), Ok(&digest));
    }

    #[test]
    fn ids_with_path_characters_are_refused() {
        assert!("../../../etc/passwd".parse::<ContainerId>().is_err());
        assert!(
            format!("{}/", "a".repeat(63))
                .parse::<ContainerId>()
                .is_err()
        );
        assert!("sha256:../x".parse::<Digest>().is_err());
        assert!(
            "{6f1e5a1c-0000-4000-8000-000000000000}"
                .parse::<SandboxId>()
                .is_err()
        );
    }

    #[test]
    fn a_short_id_is_twelve_digits() {
        assert_eq!(ContainerId::random().short().len(), 12);
    }
}
