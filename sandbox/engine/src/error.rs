//! Every refusal of the engine, in Docker's words where Docker has them, and the status each one gets.
//!
//! Use a variant that names what is wrong. `Invalid` is for a value that breaks a rule stated in its text;
//! `Unsupported` for what a sandbox cannot do, with the next step; `Os` for what should not happen.

use std::io;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use drydock_api::error::ErrorMessage;
use drydock_runtime::launch::LaunchError;

use crate::image::ImageError;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    #[error("page not found")]
    NoSuchPage,
    #[error("No such container: {0}")]
    NoSuchContainer(String),
    #[error("No such exec instance: {0}")]
    NoSuchExec(String),
    #[error("Could not find the file {path} in container {container}")]
    NoSuchFile { path: String, container: String },
    #[error("no such exec")]
    ExecNotRunning,
    #[error("get {0}: no such volume")]
    NoSuchVolume(String),
    #[error("error looking up volume plugin {0}: plugin \"{0}\" not found")]
    NoSuchVolumeDriver(String),
    #[error("create {name}: {reason}")]
    VolumeDriver { name: String, reason: String },
    #[error("network {0} not found")]
    NoSuchNetwork(String),
    #[error("multiple IDs found with provided prefix: {0}")]
    AmbiguousPrefix(String),
    #[error(
        "Conflict. The container name \"/{name}\" is already in use by container \"{holder}\". You have to remove (or rename) that container to be able to reuse that name."
    )]
    NameInUse { name: String, holder: String },
    #[error("Cannot kill container: {container}: {reason}")]
    CannotKill { container: String, reason: String },
    #[error("Container {0} is not running")]
    NotRunning(String),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Forbidden(String),
    #[error("{0}")]
    Invalid(String),
    /// What Docker answers with a 500, though nothing of its own has failed.
    #[error("{0}")]
    Failed(String),
    #[error("a sandbox cannot do this: {what}; {next}")]
    Unsupported { what: String, next: &'static str },
    #[error("configured logging driver does not support reading")]
    UnreadableLog,
    #[error("failed to initialize logging driver: {0}")]
    LogDriver(String),
    #[error(
        "image with reference {image} was found but does not match the specified platform: wanted {wanted}, actual: {actual}"
    )]
    WrongPlatform {
        image: String,
        wanted: String,
        actual: String,
    },
    #[error("{0}")]
    NoSwarm(&'static str),
    #[error(
        "Cannot update container {container}: runc did not terminate successfully: exit status 1: {why}\n: unknown"
    )]
    NotTaken { container: String, why: String },
    #[error("not modified")]
    NotModified,
    #[error("the request's body is larger than {0} bytes")]
    BodyTooLarge(usize),
    #[error("{}", launch_text(START_FAILED, .0))]
    Start(LaunchError),
    #[error("{}", launch_text(EXEC_FAILED, .0))]
    Exec(LaunchError),
    #[error("error while mounting volume '{path}': {reason}")]
    MountSource { path: String, reason: String },
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error("could not {action}: {source}")]
    Os {
        action: &'static str,
        #[source]
        source: io::Error,
    },
}

/// How far Docker's engine, its shim and runc have come when a program cannot be executed.
const START_FAILED: &str = "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process";
const EXEC_FAILED: &str = "OCI runtime exec failed: exec failed: unable to start container process";

const EXEC_REFUSED: &str = "OCI runtime exec failed: exec failed";

/// A file was to be mounted on a directory, or a directory on a file.
pub(crate) const NOT_A_DIRECTORY: &str = "not a directory";
const KINDS_DIFFER: &str = "Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type";

/// Docker's engine looks users up itself, before its runtime is asked.
fn launch_text(stage: &str, error: &LaunchError) -> String {
    match error {
        LaunchError::NoSuchUser(_)
        | LaunchError::IdOutOfRange
        | LaunchError::NoSuchGroup(_)
        | LaunchError::TooManyProcesses => error.to_string(),
        // Both the oldest and the newest client know this reason and exit with 126.
        LaunchError::NotExecutable { name, reason } if reason == "is a directory" => {
            format!("{stage}: exec: {name:?}: permission denied: unknown")
        }
        LaunchError::Mount { reason, .. } if reason == NOT_A_DIRECTORY => {
            format!("{stage}: {error}: unknown: {KINDS_DIFFER}")
        }
        // The runtime looks at this before it begins to start anything.
        LaunchError::RelativeCwd => format!("{EXEC_REFUSED}: {error}: unknown"),
        LaunchError::NotFound { .. }
        | LaunchError::NoSuchFile { .. }
        | LaunchError::NotExecutable { .. }
        | LaunchError::Cwd { .. }
        | LaunchError::Hostname(_)
        | LaunchError::Mount { .. }
        | LaunchError::Limit(_)
        | LaunchError::Rlimit { .. }
        | LaunchError::Init { .. }
        | LaunchError::Helper(_) => format!("{stage}: {error}: unknown"),
    }
}

impl EngineError {
    /// What is answered to `--privileged`, of a container and of an exec.
    pub(crate) fn privileged() -> Self {
        Self::Unsupported {
            what: "run privileged (--privileged)".into(),
            next: "this lesson's sandbox has no privileged containers; leave the flag out: Docker's own capabilities are there without it",
        }
    }

    /// What is answered where the host gives a sandbox no control groups.
    pub(crate) fn without_groups(what: &str) -> Self {
        Self::Unsupported {
            what: format!("{what}: this host gives its sandboxes no control groups"),
            next: "leave it out, or ask the host's operator: `drydock doctor` tells what is missing",
        }
    }

    /// For `map_err` on system calls.
    pub(crate) fn os(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Os { action, source }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPage
            | Self::NoSuchContainer(_)
            | Self::CannotKill { .. }
            | Self::NoSuchExec(_)
            | Self::NoSuchFile { .. }
            | Self::ExecNotRunning
            | Self::NoSuchVolume(_)
            | Self::NoSuchVolumeDriver(_)
            | Self::VolumeDriver { .. }
            | Self::WrongPlatform { .. }
            | Self::NoSuchNetwork(_) => StatusCode::NOT_FOUND,
            Self::NameInUse { .. } | Self::NotRunning(_) | Self::Conflict(_) => {
                StatusCode::CONFLICT
            }
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::AmbiguousPrefix(_) | Self::Invalid(_) | Self::MountSource { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::Unsupported { .. } | Self::UnreadableLog => StatusCode::NOT_IMPLEMENTED,
            Self::NoSwarm(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotModified => StatusCode::NOT_MODIFIED,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Exec(LaunchError::Cwd { .. }) => StatusCode::BAD_REQUEST,
            Self::Start(error) | Self::Exec(error) => launch_status(error),
            Self::Image(error) => error.status(),
            Self::Os { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                StatusCode::INSUFFICIENT_STORAGE
            }
            Self::LogDriver(_) | Self::Failed(_) | Self::NotTaken { .. } | Self::Os { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// What the client is told: a full disk names its meter.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Os { action, source } if source.kind() == io::ErrorKind::StorageFull => format!(
                "could not {action}: no space left on device: the sandbox's disk is full; remove images, containers or files"
            ),
            other => other.to_string(),
        }
    }
}

/// Docker blames the caller for a command that cannot be run, itself for the rest.
fn launch_status(error: &LaunchError) -> StatusCode {
    match error {
        LaunchError::NotFound { .. }
        | LaunchError::NoSuchFile { .. }
        | LaunchError::NotExecutable { .. } => StatusCode::BAD_REQUEST,
        LaunchError::Mount { reason, .. } if reason == NOT_A_DIRECTORY => StatusCode::BAD_REQUEST,
        LaunchError::NoSuchUser(_)
        | LaunchError::IdOutOfRange
        | LaunchError::NoSuchGroup(_)
        | LaunchError::Cwd { .. }
        | LaunchError::RelativeCwd
        | LaunchError::Hostname(_)
        | LaunchError::Mount { .. }
        | LaunchError::Limit(_)
        | LaunchError::Rlimit { .. }
        | LaunchError::Init { .. }
        | LaunchError::TooManyProcesses
        | LaunchError::Helper(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for EngineError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status == StatusCode::NOT_MODIFIED {
            return status.into_response();
        }
        let expected = [StatusCode::NOT_IMPLEMENTED, StatusCode::SERVICE_UNAVAILABLE];
        if status.is_server_error() && !expected.contains(&status) {
            tracing::warn!(error = ?self, "request failed");
        }
        (status, Json(ErrorMessage::new(self.message()))).into_response()
    }
}
