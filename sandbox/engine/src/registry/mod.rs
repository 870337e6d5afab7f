//! Registries, as a sandbox without a network sees them: what its keeper does for it, and one of its own.
//!
//! - [`errands`]: what the keeper is asked to do. [`pull`], [`push`]: Docker's words for how it goes.
//! - [`pack`]: an image as registries want it. [`credentials`]: who the client says it is.
//! - [`hosted`]: the registry on the workstation.

pub(crate) mod credentials;
pub(crate) mod errands;
pub(crate) mod hosted;
pub(crate) mod pack;
mod progress;
pub(crate) mod pull;
mod pull_hosted;
pub(crate) mod push;

use drydock_api::errand::{Refusal, RefusalKind};
use drydock_spec::ImageRef;

use self::{hosted::place::Name, pack::Place};
use crate::{Engine, error::EngineError, image::ImageError};

/// The repository on the workstation's own registry that a name means.
pub(crate) fn hosted_name(engine: &Engine, name: &ImageRef) -> Option<Name> {
    engine.hosted.as_ref()?;
    let (host, path) = name.repository().split_once('/')?;
    hosted::HOSTS.contains(&host).then(|| Name::parse(path))?
}

/// Registry and repository of a name: `busybox` is `library/busybox` of Docker Hub.
pub(crate) fn place(name: &ImageRef) -> Place {
    let repository = name.repository();
    let (registry, repository) = match repository.split_once('/') {
        None => ("docker.io", format!("library/{repository}")),
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => {
            (host, rest.to_owned())
        }
        Some(_) => ("docker.io", repository.to_owned()),
    };
    Place {
        registry: registry.into(),
        repository,
    }
}

/// A keeper's refusal to pull, as Docker would have worded it.
pub(crate) fn refused(name: &ImageRef, refusal: Refusal) -> EngineError {
    let host = place(name).registry;
    match refusal.kind {
        RefusalKind::NotAllowed if is_loopback(&host) => ImageError::NoRegistry { host }.into(),
        RefusalKind::NotAllowed => ImageError::PullDenied {
            name: name.repository().into(),
            reason: refusal.message,
        }
        .into(),
        RefusalKind::NotFound => ImageError::NotInRegistry(refusal.message).into(),
        RefusalKind::Unauthorized => ImageError::Unauthorized(refusal.message).into(),
        RefusalKind::Unreachable | RefusalKind::Failed => {
            ImageError::Registry(refusal.message).into()
        }
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.starts_with("127.")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn names_are_shown_as_their_registry_knows_them() {
        let place = |text: &str| {
            let place = super::place(&text.parse().unwrap());
            format!("{} {}", place.registry, place.repository)
        };
        assert_eq!(place("busybox"), "docker.io library/busybox");
        assert_eq!(place("me/app:1"), "docker.io me/app");
        assert_eq!(place("localhost:5000/app"), "localhost:5000 app");
    }
}
