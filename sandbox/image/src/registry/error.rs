//! What can go wrong with a registry, in Docker's words where Docker has them.

use drydock_spec::ImageRef;

use crate::StoreError;

/// Something that was not done at a registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry does not have it, or does not show it to us.
    #[error(
        "pull access denied for {0}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
    )]
    Denied(String),
    /// The repository is there, the tag is not.
    #[error("manifest for {0} not found: manifest unknown: manifest unknown")]
    NoManifest(ImageRef),
    /// The registry does not know the repository at all.
    #[error("name unknown: repository name not known to registry: {0}")]
    NoRepository(String),
    /// An image, but for other machines.
    #[error("no matching manifest for {platform} in the manifest list entries of {name}")]
    OtherMachine {
        /// Which image.
        name: ImageRef,
        /// The machine that was asked for.
        platform: String,
    },
    /// A name or a password that the registry does not take.
    #[error("unauthorized: {registry} does not take this name and password")]
    Unauthorized {
        /// Who.
        registry: String,
    },
    /// The registry takes nothing from us.
    #[error("denied: requested access to the resource is denied")]
    PushDenied,
    /// An answer that is not what was asked for.
    #[error("{registry} answered {what}")]
    Answer {
        /// Who.
        registry: String,
        /// What.
        what: String,
    },
    /// Larger than what we take.
    #[error("{name} is larger than {limit}, which is the most that is pulled here")]
    TooLarge {
        /// Which image.
        name: ImageRef,
        /// How much is.
        limit: String,
    },
    /// No answer.
    #[error("cannot reach {registry}: {reason}; check this host's network and proxy settings")]
    Unreachable {
        /// Who.
        registry: String,
        /// Why not.
        reason: String,
    },
    /// What was to be sent could not be read.
    #[error("could not read what was to be pushed: {0}")]
    Source(std::io::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}
