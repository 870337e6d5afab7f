//! Requests to one registry, for one repository.

use std::{io::Read, time::Duration};

use drydock_spec::{Digest, ImageRef};
use serde::Deserialize;
use ureq::{Agent, Body, http::Response};

use super::{MAX_JSON, RegistryError, challenge::Challenge};
use crate::{archive::manifest::Descriptor, layer::digest_of};

/// The kinds of manifest that we read.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// Docker Hub's registry does not answer at Docker Hub's name.
const DOCKER_HUB: &str = "registry-1.docker.io";
const PATIENCE: Duration = Duration::from_secs(30);

/// A registry, as it looks from one repository.
pub(super) struct Client {
    agent: Agent,
    registry: String,
    repository: String,
    token: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Client {
    pub(super) fn new(name: &ImageRef) -> Self {
        let (registry, repository) = place(name.repository());
        let agent = Agent::config_builder()
            .user_agent(concat!("drydock/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .build()
            .new_agent();
        Self {
            agent,
            registry,
            repository,
            token: None,
        }
    }

    pub(super) fn registry(&self) -> &str {
        &self.registry
    }

    pub(super) fn answered(&self, what: &str) -> RegistryError {
        RegistryError::Answer {
            registry: self.registry.clone(),
            what: what.into(),
        }
    }

    pub(super) fn manifest(
        &mut self,
        reference: &str,
        name: &ImageRef,
    ) -> Result<Vec<u8>, RegistryError> {
        let path = format!("manifests/{reference}");
        let response = self.get(&path, MANIFESTS)?;
        match response.status().as_u16() {
            200 => self.read_json(response),
            404 => Err(RegistryError::NoManifest(name.clone())),
            status => Err(self.refused(status)),
        }
    }

    /// A small blob, whole and checked.
    pub(super) fn blob_bytes(&mut self, blob: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        self.blob(&blob.digest)?
            .take(MAX_JSON)
            .read_to_end(&mut bytes)
            .map_err(|error| self.answered(&error.to_string()))?;
        if digest_of(&bytes) != blob.digest {
            return Err(self.answered("a blob of another digest"));
        }
        Ok(bytes)
    }

    pub(super) fn blob(&mut self, digest: &Digest) -> Result<impl Read + use<>, RegistryError> {
        let response = self.get(&format!("blobs/{digest}"), "*/*")?;
        match response.status().as_u16() {
            200 => Ok(response.into_body().into_reader()),
            status => Err(self.refused(status)),
        }
    }

    /// Asks, and asks again with a token when the registry wants one.
    fn get(&mut self, path: &str, accept: &str) -> Result<Response<Body>, RegistryError> {
        let response = self.request(path, accept)?;
        if response.status() != 401 || self.token.is_some() {
            return Ok(response);
        }
        let header = response.headers().get("www-authenticate");
        let challenge = header
            .and_then(|header| header.to_str().ok())
            .and_then(Challenge::parse)
            .ok_or_else(|| self.refused(401))?;
        self.token = Some(self.fetch_token(&challenge)?);
        self.request(path, accept)
    }

    fn request(&self, path: &str, accept: &str) -> Result<Response<Body>, RegistryError> {
        let Self {
            registry,
            repository,
            ..
        } = self;
        let url = format!("{}://{registry}/v2/{repository}/{path}", scheme(registry));
        let mut request = self.agent.get(url).header("Accept", accept);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        request.call().map_err(|error| self.unreachable(&error))
    }

    fn fetch_token(&self, challenge: &Challenge) -> Result<String, RegistryError> {
        let host = challenge
            .realm
            .strip_prefix("http://")
            .map(|rest| rest.split('/').next());
        if host.is_some_and(|host| scheme(host.unwrap_or_default()) != "http") {
            return Err(self.answered("with a token server that is not encrypted"));
        }
        let mut request = self.agent.get(&challenge.realm);
        if let Some(service) = &challenge.service {
            request = request.query("service", service);
        }
        if let Some(scope) = &challenge.scope {
            request = request.query("scope", scope);
        }
        let response = request.call().map_err(|error| self.unreachable(&error))?;
        if response.status() != 200 {
            return Err(self.refused(response.status().as_u16()));
        }
        let json = self.read_json(response)?;
        let token: Token = serde_json::from_slice(&json)
            .map_err(|error| self.answered(&format!("with a token we cannot read: {error}")))?;
        token
            .token
            .or(token.access_token)
            .ok_or_else(|| self.answered("without a token"))
    }

    fn read_json(&self, response: Response<Body>) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        response
            .into_body()
            .into_reader()
            .take(MAX_JSON)
            .read_to_end(&mut bytes)
            .map_err(|error| self.answered(&error.to_string()))?;
        Ok(bytes)
    }

    fn refused(&self, status: u16) -> RegistryError {
        match status {
            401 | 403 => RegistryError::Denied(self.repository.clone()),
            429 => self.answered("that it was asked too often; try again later"),
            other => self.answered(&format!("with status {other}")),
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> RegistryError {
        RegistryError::Unreachable {
            registry: self.registry.clone(),
            reason: error.to_string(),
        }
    }
}

/// Registry and repository of a familiar name.
fn place(name: &str) -> (String, String) {
    match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            (host.into(), path.into())
        }
        Some(_) => (DOCKER_HUB.into(), name.into()),
        None => (DOCKER_HUB.into(), format!("library/{name}")),
    }
}

/// As Docker does, registries on this machine are spoken to in the clear.
fn scheme(host: &str) -> &'static str {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name == "localhost" || name.starts_with("127.") {
        "http"
    } else {
        "https"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn familiar_names_lead_to_docker_hub() {
        let place = |name: &str| place(name);
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
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        assert_eq!(scheme("localhost:5000"), "http");
        assert_eq!(scheme("127.0.0.1:80"), "http");
        assert_eq!(scheme("localhost.example"), "https");
        assert_eq!(scheme("registry-1.docker.io"), "https");
    }
}
