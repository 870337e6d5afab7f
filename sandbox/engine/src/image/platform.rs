//! `--platform` of `docker save` and `docker load`: an image here is for one machine.

use std::fmt;

use drydock_image::{ImageConfig, config::host_architecture};
use serde::Deserialize;

use crate::error::EngineError;

/// A machine that is asked for; what is empty does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Platform {
    os: String,
    architecture: String,
    variant: String,
}

impl Platform {
    /// Reads `linux/arm64/v8`, or the JSON of an OCI platform that clients send since 1.48. Nothing is any machine.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn parse(text: &str) -> Result<Self, EngineError> {
        if text.starts_with('{') {
            return serde_json::from_str(text).map_err(|error| {
                EngineError::Invalid(format!("failed to parse platform: {error}"))
            });
        }
        let mut parts = text.split('/').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Ok(Self {
            os: next(),
            architecture: next(),
            variant: next(),
        })
    }

    /// Whether an image is for it.
    pub(crate) fn fits(&self, config: &ImageConfig) -> bool {
        let same = |asked: &str, has: &str| asked.is_empty() || asked == has;
        same(&self.os, &config.os)
            && same(&self.architecture, &config.architecture)
            && same(&self.variant, config.variant.as_deref().unwrap_or_default())
    }

    /// Whether it is this machine.
    pub(crate) fn is_here(&self) -> bool {
        let here = ImageConfig {
            os: "linux".into(),
            architecture: host_architecture().into(),
            ..ImageConfig::default()
        };
        self.fits(&here)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.os, &self.architecture, &self.variant];
        let parts: Vec<&str> = parts.into_iter().map(String::as_str).collect();
        f.write_str(parts.join("/").trim_end_matches('/'))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_mean_the_same() {
        let text = Platform::parse("linux/arm64").unwrap();
        let json = Platform::parse(r#"{"architecture":"arm64","os":"linux"}"#).unwrap();
        assert_eq!((&text, text.to_string().as_str()), (&json, "linux/arm64"));
        assert!(Platform::parse("").unwrap().is_here());
        assert!(!Platform::parse("windows").unwrap().is_here());
        assert!(Platform::parse("{").is_err());
    }
}
