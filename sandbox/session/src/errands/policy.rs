//! What the operator allows sandboxes to have done at registries. Pure.

use std::{path::PathBuf, str::FromStr};

use drydock_api::errand::{Errand, Refusal, RefusalKind};
use drydock_spec::ImageRef;

/// Docker Hub, where no registry is named.
const DOCKER_HUB: &str = "docker.io";

/// What the operator allows. By default nothing: sandboxes have the images of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryPolicy {
    /// Repositories that may be pulled from.
    pub pull: Vec<Pattern>,
    /// Repositories that may be pushed to.
    pub push: Vec<Pattern>,
    /// Registries that may be spoken to without encryption, besides those of this machine.
    pub plain_http: Vec<String>,
    /// The operator's Docker configuration file, where the passwords are.
    pub docker_config: Option<PathBuf>,
    /// Bytes of images in the store from which on nothing more is pulled for sandboxes.
    pub store_limit: Option<u64>,
}

/// Some repositories of one registry: `alpine`, `docker.io/library/*`, `registry.example/class/*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    registry: String,
    /// `*` stands for any characters, slashes too.
    repository: String,
}

/// Not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no pattern for repositories: write [REGISTRY/]REPOSITORY, with `*` for any characters of the repository"
)]
pub struct BadPattern(String);

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        // What is left when every star is a letter must be a repository's name.
        let sample: Result<ImageRef, _> = text.replace('*', "x").parse();
        let plain = sample.is_ok_and(|name| name.tag().is_none() && name.digest().is_none());
        let (registry, repository) = split(text);
        if !plain || registry.contains('*') {
            return Err(BadPattern(text.into()));
        }
        Ok(Self {
            registry: registry.into(),
            repository,
        })
    }
}

impl Pattern {
    fn fits(&self, name: &str) -> bool {
        let (registry, repository) = split(name);
        registry == self.registry && wildcard(self.repository.as_bytes(), repository.as_bytes())
    }
}

/// Registry and repository of a name, familiar or not.
fn split(name: &str) -> (&str, String) {
    match name.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => {
            if matches!(first, DOCKER_HUB | "index.docker.io") {
                (DOCKER_HUB, on_docker_hub(path))
            } else {
                (first, path.into())
            }
        }
        _ => (DOCKER_HUB, on_docker_hub(name)),
    }
}

fn on_docker_hub(path: &str) -> String {
    if path.contains('/') || path == "*" {
        path.into()
    } else {
        format!("library/{path}")
    }
}

/// `*` is any characters. Bounded: only the last star is gone back to.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(byte) if *byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

impl RegistryPolicy {
    /// Whether an errand may be done.
    ///
    /// # Errors
    /// What the learner is told.
    pub fn check(&self, errand: &Errand) -> Result<(), Refusal> {
        let denied = |reason: &str| Err(Refusal::new(RefusalKind::NotAllowed, reason));
        match errand {
            Errand::Pull { name, .. }
            | Errand::Look { name, .. }
            | Errand::Tags { repository: name } => {
                let name = repository(name)?;
                if self.pull.iter().any(|pattern| pattern.fits(&name)) {
                    return Ok(());
                }
                denied(
                    "the operator of this sandbox does not allow pulls from there (--allow-pull)",
                )
            }
            Errand::Push { name, .. } => {
                let name = repository(name)?;
                if self.push.iter().any(|pattern| pattern.fits(&name)) {
                    return Ok(());
                }
                denied("the operator of this sandbox does not allow pushes to there (--allow-push)")
            }
            Errand::Login { registry, .. } => {
                let registry = match registry.as_str() {
                    "" | "index.docker.io" => DOCKER_HUB,
                    other => other,
                };
                let mut known = self.pull.iter().chain(&self.push);
                if known.any(|pattern| pattern.registry == registry) {
                    return Ok(());
                }
                denied("the operator of this sandbox allows nothing at that registry")
            }
        }
    }
}

/// The repository in a name that an engine sent. Engines are the sandbox's: nothing of theirs is taken on trust.
fn repository(name: &str) -> Result<String, Refusal> {
    name.parse::<ImageRef>()
        .map(|name| name.repository().to_owned())
        .map_err(|error| Refusal::new(RefusalKind::Failed, error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().fits(name)
    }

    #[test]
    fn a_pattern_means_repositories_of_one_registry() {
        assert!(fits("alpine", "alpine") && fits("docker.io/library/*", "alpine"));
        assert!(fits("me/*", "me/app") && fits("docker.io/*", "me/app"));
        assert!(fits("localhost:5001/*", "localhost:5001/a/b"));
        assert!(fits("r.example/class-*/app", "r.example/class-7/app"));
        assert!(!fits("alpine", "alpine2") && !fits("alpine", "me/alpine"));
        assert!(!fits("docker.io/library/*", "me/app"));
        assert!(!fits("docker.io/*", "r.example/app"));
        assert!(!fits("r.example/*", "r.example.org/app"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "*.example/app",
            "a b",
            "app:v1",
            "UPPER",
            "r.example/../x",
        ] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_is_allowed_unless_the_operator_says_so() {
        let pull = Errand::Pull {
            name: "alpine:3".into(),
            platform: None,
        };
        let mut policy = RegistryPolicy::default();
        assert_eq!(
            policy.check(&pull).unwrap_err().kind,
            RefusalKind::NotAllowed
        );
        policy.push.push("alpine".parse().unwrap());
        assert!(policy.check(&pull).is_err());
        policy.pull.push("alpine".parse().unwrap());
        assert_eq!(policy.check(&pull), Ok(()));
    }
}
