//! What can go wrong with images, in Docker's words.

use axum::http::StatusCode;
use drydock_image::{LayerError, StoreError};
use drydock_spec::ParseRefError;

use super::platform::Platform;

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
        "pull access denied for {0}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
    )]
    PullDenied(String),
    #[error(
        "a sandbox has no network, so there is no registry to search; docker images lists what is here"
    )]
    NoSearch,
    #[error("conflict: {0}")]
    InUse(String),
    #[error("{0}")]
    Reference(#[from] ParseRefError),
    #[error(
        "no space left on device: the sandbox's disk is full; remove images, containers or files"
    )]
    Full,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ImageError {
    fn from(error: StoreError) -> Self {
        match error {
            full if full.is_full() => Self::Full,
            StoreError::NoSuchImage(name) => Self::NoSuchImage(name),
            StoreError::Reference(reference) => Self::Reference(reference),
            other => Self::Store(other),
        }
    }
}

impl ImageError {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchImage(_)
            | Self::NoReference
            | Self::OtherPlatform(_)
            | Self::PullDenied(_) => StatusCode::NOT_FOUND,
            Self::InUse(_) => StatusCode::CONFLICT,
            Self::Reference(_) => StatusCode::BAD_REQUEST,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::Store(StoreError::Layer(LayerError::Os { .. })) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Store(
                StoreError::Ambiguous(_)
                | StoreError::Archive(_)
                | StoreError::Layer(_)
                | StoreError::Config(_),
            ) => StatusCode::BAD_REQUEST,
            Self::NoSearch | Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
