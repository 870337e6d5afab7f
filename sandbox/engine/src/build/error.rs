//! Why a build ended, in the words of Docker's classic builder.

use std::{fmt, io, path::Path};

use drydock_dockerfile::{ParseError, ResolveError};
use drydock_image::StoreError;
use drydock_runtime::launch::LaunchError;
use drydock_spec::ParseRefError;

use super::tree::{find::FindError, place::PutError, untar::UntarError};
use crate::{error::EngineError, http::stream::Gone, image::ImageError};

/// Why a build ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// Nobody waits for it any more, or the sandbox ends.
    #[error("the build was cancelled")]
    Cancelled,
    #[error("The command '{command}' returned a non-zero code: {code}")]
    Command { command: String, code: i32 },
    #[error(
        "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: {0}: unknown"
    )]
    Start(#[source] LaunchError),
    /// The user or group of the image does not exist.
    #[error(transparent)]
    User(LaunchError),
    #[error("{}", .0.classic())]
    Dockerfile(#[from] ParseError),
    #[error(transparent)]
    Expand(#[from] ResolveError),
    #[error(
        "the --{0} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled"
    )]
    BuildKit(&'static str),
    #[error("Cannot locate specified Dockerfile: {0}")]
    NoDockerfile(String),
    #[error("the build context cannot be unpacked: {0}")]
    Context(#[source] UntarError),
    #[error("{instruction} failed: {reason}")]
    Copy {
        instruction: &'static str,
        reason: CopyError,
    },
    #[error(
        "When using {0} with more than one source file, the destination must be a directory and end with a /"
    )]
    ManySources(&'static str),
    #[error("unable to convert uid/gid chown string to host mapping: {0}")]
    Chown(String),
    #[error("invalid from flag value {name}: {reason}")]
    From { name: String, reason: String },
    #[error("base name ({0}) should not be blank")]
    BlankBase(String),
    #[error("{0} stage name already used")]
    StageName(String),
    #[error("No image was generated. Is your Dockerfile empty?")]
    NoImage,
    #[error("max depth exceeded")]
    Depth,
    #[error("Invalid containerPort: {0}")]
    Port(String),
    #[error("Invalid proto: {0}")]
    Protocol(String),
    #[error("Invalid signal: {0}")]
    Signal(String),
    #[error(
        "no space left on device: the sandbox's {0} is full; remove images, containers or files"
    )]
    Full(Meter),
    #[error("{0}")]
    Request(String),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error("could not {action}: {source}")]
    Os {
        action: &'static str,
        source: io::Error,
    },
}

/// Why a COPY or ADD went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error("file not found in build context or excluded by .dockerignore: {0}")]
    NotInContext(#[source] FindError),
    #[error(transparent)]
    Find(FindError),
    #[error("no source files were specified")]
    NoSources,
    #[error(
        "{0} is on the network, which a sandbox does not have; put the file into the build context"
    )]
    Remote(String),
    #[error("error processing tar file: {0}")]
    Untar(#[source] UntarError),
    #[error(transparent)]
    Put(PutError),
    #[error(transparent)]
    Os(#[from] io::Error),
}

impl CopyError {
    /// Whether there was no room left.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Os(source)
            | Self::Untar(UntarError::Os { source, .. })
            | Self::Put(PutError::Os { source, .. }) => source.kind() == io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}

impl From<PutError> for CopyError {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Untar(error) => Self::Untar(error),
            other => Self::Put(other),
        }
    }
}

impl From<Gone> for BuildError {
    fn from(_: Gone) -> Self {
        Self::Cancelled
    }
}

impl From<StoreError> for BuildError {
    fn from(error: StoreError) -> Self {
        Self::Image(error.into())
    }
}

impl From<ParseRefError> for BuildError {
    fn from(error: ParseRefError) -> Self {
        Self::Image(error.into())
    }
}

impl BuildError {
    /// For `map_err` on system calls.
    pub(super) fn os(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Os { action, source }
    }

    /// A RUN that did not start: Docker words a missing user without the runtime's preamble.
    pub(super) fn start(error: LaunchError) -> Self {
        match error {
            LaunchError::NoSuchUser(_)
            | LaunchError::IdOutOfRange
            | LaunchError::NoSuchGroup(_) => Self::User(error),
            other => Self::Start(other),
        }
    }

    /// The exit code that the client takes over.
    pub(super) fn code(&self) -> Option<i32> {
        match self {
            Self::Command { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// What the client is told.
    pub(super) fn message(&self) -> String {
        self.to_string()
    }

    /// A full disk is that and nothing else, with the meter that is full.
    pub(super) fn with_meter(self, data: &Path) -> Self {
        if self.is_full() {
            Self::Full(Meter::fullest(data))
        } else {
            self
        }
    }

    fn is_full(&self) -> bool {
        let full = |source: &io::Error| source.kind() == io::ErrorKind::StorageFull;
        let untar =
            |error: &UntarError| matches!(error, UntarError::Os { source, .. } if full(source));
        match self {
            Self::Image(ImageError::Full) => true,
            Self::Os { source, .. } => full(source),
            Self::Context(error) => untar(error),
            Self::Copy { reason, .. } => reason.is_full(),
            _ => false,
        }
    }
}

/// What a sandbox's storage is limited in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meter {
    Disk,
    Files,
}

impl Meter {
    /// The one that is full, if one is.
    pub(crate) fn full(data: &Path) -> Option<Self> {
        let disk = rustix::fs::statvfs(data).ok()?;
        match (disk.f_bavail, disk.f_favail) {
            (_, 0) => Some(Self::Files),
            (0, _) => Some(Self::Disk),
            _ => None,
        }
    }

    /// After a write failed for want of space: a little may be left that was not enough.
    pub(crate) fn fullest(data: &Path) -> Self {
        Self::full(data).unwrap_or(Self::Disk)
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disk => "disk",
            Self::Files => "number of files",
        })
    }
}

/// Before the first line of output a build is refused with a status.
impl From<BuildError> for EngineError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Os { action, source } => Self::Os { action, source },
            BuildError::Image(error) => Self::Image(error),
            other => Self::Invalid(other.message()),
        }
    }
}
