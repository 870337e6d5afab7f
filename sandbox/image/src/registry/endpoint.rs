//! Where a repository is: which registry, by what protocol. Pure.

use drydock_spec::ImageRef;

/// Docker Hub's registry does not answer at Docker Hub's name.
const DOCKER_HUB: &str = "registry-1.docker.io";

/// One repository of one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name, and port where it has one.
    pub host: String,
    /// The name inside the registry: `library/busybox`.
    pub repository: String,
}

impl Endpoint {
    /// Where an image of that name is.
    #[must_use]
    pub fn of(name: &ImageRef) -> Self {
        let name = name.repository();
        let (host, repository) = match name.split_once('/') {
            Some((host, path)) if is_host(host) => (host.to_owned(), path.to_owned()),
            Some(_) => (DOCKER_HUB.into(), name.to_owned()),
            None => (DOCKER_HUB.into(), format!("library/{name}")),
        };
        Self { host, repository }
    }

    /// A registry itself, by the name that `docker login` is given; Docker Hub has several.
    #[must_use]
    pub fn registry(server: &str) -> Self {
        let host = server
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap_or_default();
        let host = match host {
            "" | "docker.io" | "index.docker.io" => DOCKER_HUB,
            other => other,
        };
        Self {
            host: host.into(),
            repository: String::new(),
        }
    }

    /// The key under which Docker's configuration file keeps the password for it.
    #[must_use]
    pub fn key(&self) -> &str {
        if self.host == DOCKER_HUB {
            "https://index.docker.io/v1/"
        } else {
            &self.host
        }
    }
}

/// Whether the first part of a name is a registry, as Docker tells it from a user of Docker Hub.
fn is_host(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost"
}

/// Who may be spoken to without encryption: as with Docker, registries on this machine; others when named.
#[must_use]
pub fn may_be_plain(host: &str, plain_http: &[String]) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_loopback = name == "localhost"
        || name
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback());
    is_loopback || plain_http.iter().any(|named| named == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn familiar_names_lead_to_docker_hub() {
        let place = |name: &str| {
            let endpoint = Endpoint::of(&name.parse().unwrap());
            (endpoint.host, endpoint.repository)
        };
        assert_eq!(
            place("busybox"),
            (DOCKER_HUB.into(), "library/busybox".into())
        );
        assert_eq!(place("me/app"), (DOCKER_HUB.into(), "me/app".into()));
        assert_eq!(
            place("localhost:5000/a/b"),
            ("localhost:5000".into(), "a/b".into())
        );
        assert_eq!(place("ghcr.io/a"), ("ghcr.io".into(), "a".into()));
        assert_eq!(Endpoint::registry("").host, DOCKER_HUB);
        assert_eq!(
            Endpoint::registry("https://index.docker.io/v1/").host,
            DOCKER_HUB
        );
    }

    #[test]
    fn only_this_machine_and_whom_the_operator_names_are_spoken_to_in_the_clear() {
        let named = ["registry.lan:5000".to_owned()];
        let plain = |host: &str| may_be_plain(host, &named);
        assert!(plain("localhost:5000") && plain("127.0.0.1:80") && plain("registry.lan:5000"));
        assert!(
            !plain("localhost.example") && !plain("127.0.0.1.example") && !plain("registry.lan")
        );
        assert!(!plain(DOCKER_HUB));
    }
}
