//! The engine as the commands see it.

use drydock_api::client::{Body, Client, ClientError, Hijacked, percent_encode};
use http::{Method, Response};
use hyper::body::Incoming;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{config::Config, error::CliError, tty::detach::DetachKeys};

/// Where the engine is when nothing else is said.
pub const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// A connection to the engine that answers in the words of the command line.
#[derive(Debug, Clone)]
pub struct Docker {
    client: Client,
    prefix: String,
    place: Arc<Place>,
}

/// Which engine, and how its user likes it.
#[derive(Debug)]
pub struct Place {
    /// `unix:///path`.
    pub host: String,
    /// The context that named it.
    pub context: String,
    /// The user's settings.
    pub config: Config,
    /// Where they are.
    pub directory: PathBuf,
    /// `--debug` was given.
    pub debug: bool,
}

impl Docker {
    /// The engine that `place` names.
    ///
    /// # Errors
    /// When it is not at a Unix socket.
    pub fn new(place: Place) -> Result<Self, CliError> {
        let host = &place.host;
        if !host.starts_with("unix://") {
            let protocol = host
                .split_once("://")
                .map_or("tcp", |(protocol, _)| protocol);
            if !matches!(protocol, "tcp" | "http" | "https" | "ssh" | "npipe" | "fd") {
                return Err(CliError::failed(format!(
                    "Failed to initialize: unable to resolve docker endpoint: invalid bind address format: {host}"
                )));
            }
            return Err(CliError::failed(format!(
                "unable to connect to \"{host}\": only Unix sockets are spoken here; use unix:///path/to/docker.sock"
            )));
        }
        Ok(Self::unasked(place))
    }

    /// For commands that ask no engine: nothing is looked at.
    #[must_use]
    pub fn unasked(place: Place) -> Self {
        let prefix = match std::env::var("DOCKER_API_VERSION") {
            Ok(version) if !version.is_empty() => {
                format!("/v{}", version.trim_start_matches('v'))
            }
            _ => String::new(),
        };
        Self {
            client: Client::new(place.host.trim_start_matches("unix://")),
            prefix,
            place: Arc::new(place),
        }
    }

    /// The name of the context in use.
    #[must_use]
    pub fn context(&self) -> &str {
        &self.place.context
    }

    /// The engine as the user names it: `unix:///path`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.place.host
    }

    /// The path of the engine's socket.
    #[must_use]
    pub fn socket(&self) -> &str {
        self.host().trim_start_matches("unix://")
    }

    /// The user's settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.place.config
    }

    /// Where the user's settings are.
    #[must_use]
    pub fn config_directory(&self) -> &Path {
        &self.place.directory
    }

    /// Whether `--debug` was given.
    #[must_use]
    pub fn debug(&self) -> bool {
        self.place.debug
    }

    /// The keys that leave a container: those of the flag, or else the user's own.
    #[must_use]
    pub fn detach_keys(&self, flag: Option<&str>) -> DetachKeys {
        let typed = flag.filter(|keys| !keys.is_empty());
        DetachKeys::typed_as(typed.unwrap_or(&self.config().detach_keys))
    }

    /// A failed request in the words of the command line.
    #[must_use]
    pub fn fail(&self, error: ClientError) -> CliError {
        CliError::Engine {
            error,
            host: self.host().to_owned(),
        }
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// As [`Client::request`], with the client's own error.
    ///
    /// # Errors
    /// As there.
    pub async fn try_request(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Response<Incoming>, ClientError> {
        self.client.request(method, &self.path(path), body).await
    }

    /// As [`Client::request`].
    ///
    /// # Errors
    /// As there.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Response<Incoming>, CliError> {
        self.try_request(method, path, body)
            .await
            .map_err(|error| self.fail(error))
    }

    /// A request without body, with what `X-Registry-Auth` says.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn request_as(
        &self,
        method: Method,
        path: &str,
        auth: &str,
    ) -> Result<Response<Incoming>, CliError> {
        let request = http::Request::builder()
            .method(method)
            .uri(self.path(path))
            .header("X-Registry-Auth", auth)
            .body(Body::empty())
            .map_err(|error| self.fail(error.into()))?;
        let sent = self.client.send(request).await;
        sent.map_err(|error| self.fail(error))
    }

    /// `GET` the text of a JSON answer, its fields in their order, with the client's own error.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn try_get_text(&self, path: &str) -> Result<String, ClientError> {
        let response = self.try_request(Method::GET, path, Body::empty()).await?;
        let bytes = drydock_api::client::read_all(response).await?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// `GET` as JSON, with the client's own error.
    ///
    /// # Errors
    /// As [`Client::get_json`].
    pub async fn try_get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.client.get_json(&self.path(path)).await
    }

    /// `GET` as JSON.
    ///
    /// # Errors
    /// As [`Client::get_json`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        self.try_get(path).await.map_err(|error| self.fail(error))
    }

    /// `POST` JSON for JSON, with the client's own error.
    ///
    /// # Errors
    /// As [`Client::post_json`].
    pub async fn try_post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.client.post_json(&self.path(path), body).await
    }

    /// `POST` JSON for JSON.
    ///
    /// # Errors
    /// As [`Client::post_json`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.try_post(path, body)
            .await
            .map_err(|error| self.fail(error))
    }

    /// A request without body whose answer does not matter.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn call(&self, method: Method, path: &str) -> Result<(), CliError> {
        self.client
            .call(method, &self.path(path))
            .await
            .map_err(|error| self.fail(error))
    }

    /// As [`Client::hijack`].
    ///
    /// # Errors
    /// As there.
    pub async fn hijack(&self, path: &str, json: Option<&Value>) -> Result<Hijacked, CliError> {
        self.client
            .hijack(Method::POST, &self.path(path), json)
            .await
            .map_err(|error| match error {
                // Docker's client does not read why.
                ClientError::Api { status, .. } => self.fail(ClientError::NotUpgraded(status)),
                other => self.fail(other),
            })
    }
}

/// `name` as a part of a path. Image names keep their slashes, colons and at signs.
#[must_use]
pub fn segment(name: &str) -> String {
    percent_encode(name)
        .replace("%2F", "/")
        .replace("%3A", ":")
        .replace("%40", "@")
}

/// A container's name as a part of a path; `/name`, as `docker inspect` shows it, is the same container.
#[must_use]
pub fn container_segment(name: &str) -> String {
    match name.strip_prefix('/') {
        Some(bare) if !bare.is_empty() => segment(bare),
        _ => segment(name),
    }
}

/// The query of the switches that are on: `?force=1&v=1`, or nothing.
#[must_use]
pub fn query(switches: &[(&str, bool)]) -> String {
    let on: Vec<String> = switches
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| format!("{name}=1"))
        .collect();
    if on.is_empty() {
        String::new()
    } else {
        format!("?{}", on.join("&"))
    }
}
