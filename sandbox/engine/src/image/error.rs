//! What can go wrong with images, in Docker's words.

use axum::http::StatusCode;
use drydock_api::errand::{Refusal, RefusalKind};
use drydock_image::{LayerError, StoreError, tar::TarError};
use drydock_spec::ParseRefError;

use super::platform::Platform;
use crate::{
    error::EngineError,
    registry::{hosted::error::HostedError, is_loopback},
};

/// What can go wrong with images.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    #[error("No such image: {0}")]
    NoSuchImage(String),
    #[error("reference does not exist")]
    NoReference,
    #[error("no suitable export target found for platform {0}")]
    OtherPlatform(Platform),
    #[error(
        "pull access denied for {name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied: {reason}"
    )]
    PullDenied { name: String, reason: String },
    #[error(
        "a sandbox has no network, so there is no registry to search; docker images lists what is here"
    )]
    NoSearch,
    #[error("denied: requested access to the resource is denied: {0}")]
    PushDenied(String),
    #[error(
        "Get \"http://{host}/v2/\": dial tcp {}: connect: connection refused: there is no registry on this workstation",
        host.replace("localhost", "127.0.0.1")
    )]
    NoRegistry { host: String },
    #[error("{0}")]
    NotInRegistry(String),
    #[error("{0}")]
    Unauthorized(String),
    #[error("{0}")]
    Registry(String),
    #[error("An image does not exist locally with the tag: {0}")]
    NotTagged(String),
    #[error("tag does not exist: {0}")]
    NoSuchTag(String),
    #[error("conflict: {0}")]
    InUse(String),
    #[error("{0}")]
    Reference(#[from] ParseRefError),
    #[error(
        "no space left on device: the sandbox's disk is full; remove images, containers or files"
    )]
    Full,
    #[error("{}", tar_words(.0))]
    Tar(TarError),
    #[error(transparent)]
    Store(StoreError),
}

/// As Docker words what its unpacking process has said of a stream.
pub(crate) fn tar_words(error: &TarError) -> String {
    let reason = match error {
        TarError::Checksum => "archive/tar: invalid tar header".to_owned(),
        other => other.to_string(),
    };
    format!("Error processing tar file(exit status 1): {reason}")
}

impl From<StoreError> for ImageError {
    fn from(error: StoreError) -> Self {
        match error {
            full if full.is_full() => Self::Full,
            StoreError::NoSuchImage(name) => Self::NoSuchImage(name),
            StoreError::Reference(reference) => Self::Reference(reference),
            StoreError::Tar(tar) | StoreError::Layer(LayerError::Tar(tar)) => Self::Tar(tar),
            other => Self::Store(other),
        }
    }
}

impl From<HostedError> for ImageError {
    fn from(error: HostedError) -> Self {
        match error {
            HostedError::DiskFull => Self::Full,
            HostedError::NoManifest | HostedError::NoRepository | HostedError::NoBlob => {
                Self::NotInRegistry(error.to_string())
            }
            other => Self::Registry(other.to_string()),
        }
    }
}

impl From<HostedError> for EngineError {
    fn from(error: HostedError) -> Self {
        Self::Image(error.into())
    }
}

impl ImageError {
    /// Why `docker login` did not succeed.
    pub(crate) fn login_refused(registry: &str, refusal: Refusal) -> Self {
        let host = if registry.is_empty() {
            "docker.io"
        } else {
            registry
        };
        match refusal.kind {
            RefusalKind::NotAllowed if is_loopback(host) => Self::NoRegistry { host: host.into() },
            RefusalKind::NotAllowed => Self::Registry(format!(
                "Get \"https://{host}/v2/\": a sandbox has no network of its own: {}",
                refusal.message
            )),
            RefusalKind::Unauthorized => Self::Unauthorized(format!(
                "Get \"https://{host}/v2/\": unauthorized: incorrect username or password"
            )),
            _ => Self::Registry(refusal.message),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchImage(_)
            | Self::NoReference
            | Self::OtherPlatform(_)
            | Self::PullDenied { .. }
            | Self::NotInRegistry(_)
            | Self::NotTagged(_)
            | Self::NoSuchTag(_) => StatusCode::NOT_FOUND,
            Self::PushDenied(_) => StatusCode::FORBIDDEN,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::NoRegistry { .. } | Self::Registry(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InUse(_) => StatusCode::CONFLICT,
            Self::Reference(_) => StatusCode::BAD_REQUEST,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::Store(StoreError::Layer(LayerError::Os { .. })) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Tar(_)
            | Self::Store(
                StoreError::Ambiguous(_)
                | StoreError::Archive(_)
                | StoreError::Layer(_)
                | StoreError::Config(_),
            ) => StatusCode::BAD_REQUEST,
            Self::NoSearch | Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
