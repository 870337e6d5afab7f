//! The JSON endpoints that the lesson page calls.
//!
//! - [`sandbox`]: start, look at, reset and end the learner's sandbox.
//! - [`check`]: grade an exercise.

pub mod check;
pub mod sandbox;

use std::net::IpAddr;

use actix_web::{HttpRequest, error::JsonPayloadError, web};

use crate::{
    config::MAX_BODY,
    error::{ApiError, Refusal},
};

/// How bodies are read: small, and refused in our own words.
#[must_use]
pub fn json_config() -> web::JsonConfig {
    web::JsonConfig::default()
        .limit(MAX_BODY)
        .error_handler(|error, _| {
            let refusal = match error {
                JsonPayloadError::Overflow { .. }
                | JsonPayloadError::OverflowKnownLength { .. } => Refusal::TooLarge,
                JsonPayloadError::ContentType => {
                    Refusal::Malformed("it must say Content-Type: application/json".into())
                }
                other => Refusal::Malformed(other.to_string()),
            };
            ApiError(refusal).into()
        })
}

fn address(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|peer| peer.ip())
}
