//! `X-Registry-Auth`: who the client says it is. Never logged. Pure.

use axum::http::{HeaderMap, HeaderName};
use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use drydock_api::errand::Login;
use serde::Deserialize;

use crate::error::EngineError;

/// Its name.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-registry-auth");

/// Bytes of the header; tokens of cloud registries have some thousands.
const MAX_HEADER: usize = 32 << 10;

/// Docker's clients pad it; others do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What `docker login` and the header say; Docker's `AuthConfig`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct AuthConfig {
    pub username: String,
    pub password: String,
    pub serveraddress: String,
    pub identitytoken: String,
}

impl AuthConfig {
    /// The name and the password, if they were given.
    pub(crate) fn login(self) -> Option<Login> {
        (!self.username.is_empty()).then_some(Login {
            username: self.username,
            password: self.password,
        })
    }
}

/// The login in a request's headers; clients that know none send an empty one, or nothing.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Login>, EngineError> {
    let Some(header) = headers.get(&HEADER) else {
        return Ok(None);
    };
    let bad = |why: &str| EngineError::Invalid(format!("invalid X-Registry-Auth header: {why}"));
    if header.len() > MAX_HEADER {
        return Err(bad("it is too long"));
    }
    if header.is_empty() {
        return Ok(None);
    }
    let text = header.to_str().map_err(|_| bad("it is no text"))?;
    let text = text.replace('+', "-").replace('/', "_");
    let json = BASE64
        .decode(text)
        .map_err(|_| bad("must be a valid base64url-encoded string"))?;
    let config: AuthConfig = serde_json::from_slice(&json).map_err(|_| bad("invalid JSON"))?;
    Ok(config.login())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn login(header: &str) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        headers.insert("x-registry-auth", header.parse().unwrap());
        let read = read(&headers).map_err(|error| error.to_string())?;
        Ok(read.map(|login| format!("{}:{}", login.username, login.password)))
    }

    #[test]
    fn what_clients_send_is_read() {
        assert_eq!(login(""), Ok(None));
        // `{}`, with and without padding.
        assert_eq!(login("e30="), Ok(None));
        assert_eq!(login("e30"), Ok(None));
        let ada = "eyJ1c2VybmFtZSI6ImFkYSIsInBhc3N3b3JkIjoibG92ZWxhY2UifQ";
        assert_eq!(login(ada), Ok(Some("ada:lovelace".into())));
    }

    #[test]
    fn rubbish_is_refused() {
        for header in ["zzz", "*", &"A".repeat(MAX_HEADER + 1)] {
            assert!(login(header).unwrap_err().contains("X-Registry-Auth"));
        }
    }
}
