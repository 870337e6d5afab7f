//! What can go wrong in this room.

use std::{
    io,
    path::{Path, PathBuf},
};

use drydock_spec::{Digest, ParseRefError};

use crate::tar::TarError;

/// A request to the store that failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Neither a name nor an id nor the beginning of one; Docker's words.
    #[error("No such image: {0}")]
    NoSuchImage(String),
    /// The beginning of several ids.
    #[error("multiple IDs found with provided prefix: {0}")]
    Ambiguous(String),
    /// Not a name at all.
    #[error(transparent)]
    Reference(#[from] ParseRefError),
    /// A config names a layer that is not here.
    #[error("layer {0} is not in the image store")]
    MissingLayer(Digest),
    /// A layer that was stored by a version which did not keep what its exact tar stream needs.
    #[error(
        "layer {0} was stored without what its exact tar stream needs; remove its images and provide them again"
    )]
    NoStream(Digest),
    /// A layer whose files no longer give the stream that its name promises.
    #[error("layer {layer} is damaged: its tar stream has the digest {found}")]
    LayerChanged {
        /// Its diff id.
        layer: Digest,
        /// What its files give now.
        found: Digest,
    },
    /// A config that cannot be used.
    #[error("not a usable image config: {0}")]
    Config(String),
    /// The store was opened for reading only.
    #[error("this image store is opened for reading only")]
    ReadOnly,
    /// A file of the store is not what it should be.
    #[error("the image store is damaged at {path}: {reason}; remove that file and provide the image again", path = path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// How so.
        reason: String,
    },
    /// A layer could not be unpacked or hashed.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// An image without layers; Docker's words.
    #[error("empty export - not implemented")]
    NothingToSave,
    /// An archive that is no tar stream, or a damaged one.
    #[error("cannot import: {0}")]
    Tar(#[from] TarError),
    /// An archive that cannot be imported.
    #[error("cannot import: {0}")]
    Archive(String),
    /// The operating system refused.
    #[error("could not {action} {path}: {source}", path = path.display())]
    Os {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl StoreError {
    pub(crate) fn os(
        action: &'static str,
        path: impl AsRef<Path>,
        source: impl Into<io::Error>,
    ) -> Self {
        Self::Os {
            action,
            path: path.as_ref().into(),
            source: source.into(),
        }
    }

    /// A stream that could not be read.
    pub(crate) fn from_read(source: io::Error) -> Self {
        LayerError::os("read", b"", source).into()
    }

    /// A stream that nobody takes any more.
    #[must_use]
    pub fn from_write(source: io::Error) -> Self {
        LayerError::os("write", b"", source).into()
    }

    pub(crate) fn damaged(path: impl AsRef<Path>, reason: impl ToString) -> Self {
        Self::Damaged {
            path: path.as_ref().into(),
            reason: reason.to_string(),
        }
    }

    /// Whether a disk or a sandbox's memory is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Os { source, .. } | Self::Layer(LayerError::Os { source, .. }) => {
                source.kind() == io::ErrorKind::StorageFull
                    || source.kind() == io::ErrorKind::QuotaExceeded
            }
            _ => false,
        }
    }
}

/// A layer that was not unpacked, or a directory that was not made into one.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The stream is not a tar stream.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// A name that leads out of the layer.
    #[error("the layer names {0:?}, which is outside of it")]
    Escapes(String),
    /// A bound was reached.
    #[error("the layer has more than {limit} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// A user or group id that a sandbox does not have.
    #[error(
        "{name:?} belongs to {uid}:{gid}, but a sandbox has only the ids 0 to 65535 (this process may have fewer)"
    )]
    Owner {
        /// Whose.
        name: String,
        /// Its user id.
        uid: u64,
        /// Its group id.
        gid: u64,
    },
    /// An entry that cannot be made where it says.
    #[error("cannot unpack {name:?}: {reason}")]
    Entry {
        /// Which.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// A file of an unpacked layer is not what it was.
    #[error("{0:?} of the layer is not what it was when the layer came")]
    Changed(String),
    /// The operating system refused.
    #[error("could not {action} {name:?} of the layer: {source}")]
    Os {
        /// What was tried.
        action: &'static str,
        /// On what.
        name: String,
        /// Why not.
        source: io::Error,
    },
}

impl LayerError {
    pub(crate) fn os(action: &'static str, name: &[u8], source: impl Into<io::Error>) -> Self {
        Self::Os {
            action,
            name: String::from_utf8_lossy(name).into(),
            source: source.into(),
        }
    }
}
