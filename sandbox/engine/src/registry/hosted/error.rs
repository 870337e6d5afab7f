//! Refusals of the registry on the workstation, as the OCI distribution specification words them.

use std::io;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Why the registry refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostedError {
    #[error("page not found")]
    NoSuchPage,
    #[error("invalid repository name")]
    Name,
    #[error("repository name not known to registry")]
    NoRepository,
    #[error("blob unknown to registry")]
    NoBlob,
    #[error("blob upload unknown to registry")]
    NoUpload,
    #[error("provided digest did not match uploaded content")]
    Digest,
    #[error("manifest unknown")]
    NoManifest,
    #[error("manifest invalid: {0}")]
    Manifest(String),
    #[error("blob unknown to registry: {0}")]
    MissingBlob(String),
    #[error("the request's range does not follow what was uploaded before")]
    Range,
    #[error("the registry of this sandbox has no place for more {0}; delete some")]
    Full(&'static str),
    #[error("the operation is unsupported")]
    Unsupported,
    #[error(
        "no space left on device: the sandbox's disk is full; remove images, containers or files"
    )]
    DiskFull,
    #[error("the client has gone")]
    Gone,
    #[error("could not {0}: {1}")]
    Os(&'static str, io::Error),
}

impl HostedError {
    /// For `map_err` on system calls.
    pub(crate) fn os(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Os(action, error),
        }
    }

    /// The specification's code, and the status that goes with it.
    fn code(&self) -> (&'static str, StatusCode) {
        match self {
            Self::NoSuchPage => ("UNSUPPORTED", StatusCode::NOT_FOUND),
            Self::Name => ("NAME_INVALID", StatusCode::BAD_REQUEST),
            Self::NoRepository => ("NAME_UNKNOWN", StatusCode::NOT_FOUND),
            Self::NoBlob => ("BLOB_UNKNOWN", StatusCode::NOT_FOUND),
            Self::NoUpload => ("BLOB_UPLOAD_UNKNOWN", StatusCode::NOT_FOUND),
            Self::Digest => ("DIGEST_INVALID", StatusCode::BAD_REQUEST),
            Self::NoManifest => ("MANIFEST_UNKNOWN", StatusCode::NOT_FOUND),
            Self::Manifest(_) => ("MANIFEST_INVALID", StatusCode::BAD_REQUEST),
            Self::MissingBlob(_) => ("MANIFEST_BLOB_UNKNOWN", StatusCode::BAD_REQUEST),
            Self::Range => ("BLOB_UPLOAD_INVALID", StatusCode::RANGE_NOT_SATISFIABLE),
            Self::Full(_) => ("TOOMANYREQUESTS", StatusCode::TOO_MANY_REQUESTS),
            Self::Unsupported => ("UNSUPPORTED", StatusCode::METHOD_NOT_ALLOWED),
            Self::DiskFull => ("DENIED", StatusCode::INSUFFICIENT_STORAGE),
            Self::Gone => ("BLOB_UPLOAD_INVALID", StatusCode::BAD_REQUEST),
            Self::Os(..) => ("UNKNOWN", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl IntoResponse for HostedError {
    fn into_response(self) -> Response {
        let (code, status) = self.code();
        if let Self::Os(..) = self {
            tracing::warn!(error = %self, "the registry failed");
        }
        let error = json!({"code": code, "message": self.to_string(), "detail": null});
        (status, Json(json!({"errors": [error]}))).into_response()
    }
}
