//! Why a build failed, in BuildKit's words.

use std::{io, path::Path};

use drydock_api::build::Lines;
use drydock_dockerfile::{ExpandError, ResolveError};
use drydock_image::StoreError;
use drydock_runtime::launch::LaunchError;

use super::fetch::FetchError;
use crate::{
    build::{Meter, tree::place::PutError},
    error::EngineError,
    http::stream::Gone,
    image::ImageError,
};

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Nobody waits for it any more, the sandbox ends, or another stage failed first.
    #[error("context canceled")]
    Cancelled,
    #[error("process {command:?} did not complete successfully: exit code: {code}")]
    Command { command: String, code: i32 },
    #[error("process {command:?} did not complete successfully: {reason}")]
    Start {
        command: String,
        reason: LaunchError,
    },
    /// What the Dockerfile asks for is wrong; the words say it all.
    #[error("{0}")]
    Wrong(String),
    #[error(transparent)]
    Expand(#[from] ExpandError),
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error("{name}: {reason}")]
    Base { name: String, reason: ImageError },
    #[error("{name}: {reason}")]
    Pull { name: String, reason: String },
    #[error(transparent)]
    Copy(#[from] PutError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(
        "no space left on device: the sandbox's {0} is full; remove images, containers or files, or run \"docker builder prune\""
    )]
    Full(Meter),
    #[error("could not {action}: {source}")]
    Os {
        action: &'static str,
        source: io::Error,
    },
}

/// A failure and where in the Dockerfile it belongs.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) why: Box<Failure>,
    pub(super) lines: Option<Lines>,
    /// The step's name and digest, when it is one that was shown.
    pub(super) step: Option<(String, String)>,
}

impl From<Failure> for Failed {
    fn from(why: Failure) -> Self {
        Self {
            why: Box::new(why),
            lines: None,
            step: None,
        }
    }
}

impl From<Gone> for Failure {
    fn from(_: Gone) -> Self {
        Self::Cancelled
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Image(error.into())
    }
}

impl Failure {
    /// For `map_err` on system calls.
    pub(super) fn os(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Os { action, source }
    }

    /// With the lines it is about.
    pub(super) fn at(self, lines: Lines) -> Failed {
        Failed {
            why: Box::new(self),
            lines: Some(lines),
            step: None,
        }
    }

    /// A full disk is that and nothing else, with the meter that is full.
    pub(super) fn with_meter(self, data: &Path) -> Self {
        if self.is_full() {
            Self::Full(Meter::fullest(data))
        } else {
            self
        }
    }

    /// Whether there was no room left.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Image(ImageError::Full) | Self::Full(_) => true,
            Self::Os { source, .. } => source.kind() == io::ErrorKind::StorageFull,
            Self::Copy(error) => error.is_full(),
            Self::Fetch(FetchError::Os { source, .. }) => {
                source.kind() == io::ErrorKind::StorageFull
            }
            _ => false,
        }
    }
}

/// Before the first line of output a build is refused with a status.
impl From<Failure> for EngineError {
    fn from(error: Failure) -> Self {
        match error {
            Failure::Os { action, source } => Self::Os { action, source },
            Failure::Image(error) => Self::Image(error),
            other => Self::Invalid(other.to_string()),
        }
    }
}
