//! Requests to one registry, for one repository: who we are, redirects, second tries, bounds.

use std::{io::Read, thread, time::Duration};

use ureq::{
    Agent, Body, SendBody,
    http::{Method, Request, Response, Uri},
};

use super::{
    Options, RegistryError,
    challenge::{Challenge, TokenServer},
    endpoint::{Endpoint, may_be_plain},
    pace::Paced,
};

/// Largest manifest, config, list of tags or token.
pub(super) const MAX_JSON: u64 = 4 << 20;
/// How long a registry may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// Second tries of what failed on the way, each after twice the pause.
const RETRIES: u32 = 2;
const PAUSE: Duration = Duration::from_millis(500);
const REDIRECTS: u32 = 5;

/// A registry, as it looks from one repository.
pub(super) struct Client {
    agent: Agent,
    endpoint: Endpoint,
    options: Options,
    authorization: Option<String>,
}

#[derive(serde::Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// What goes along with a request.
pub(super) enum Payload<'a> {
    None,
    Bytes(&'a [u8]),
    /// So many bytes.
    Stream(&'a mut dyn Read, u64),
}

impl Client {
    pub(super) fn new(endpoint: Endpoint, options: Options) -> Self {
        let agent = Agent::config_builder()
            .user_agent(concat!("drydock/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // They are followed here, where it is known who may be told our name.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .timeout_per_write(Some(PATIENCE))
            .build()
            .new_agent();
        Self {
            agent,
            endpoint,
            options,
            authorization: None,
        }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn answered(&self, what: impl Into<String>) -> RegistryError {
        RegistryError::Answer {
            registry: self.endpoint.host.clone(),
            what: what.into(),
        }
    }

    /// What any status means that is not handled where it comes up.
    pub(super) fn refused(&self, status: u16) -> RegistryError {
        match status {
            401 if self.options.login.is_some() => RegistryError::Unauthorized {
                registry: self.endpoint.host.clone(),
            },
            401 | 403 => RegistryError::Denied(self.endpoint.repository.clone()),
            429 => self.answered("that it was asked too often; try again later"),
            other => self.answered(format!("with status {other}")),
        }
    }

    /// `GET` or `HEAD` of something below the repository; whatever the status is in the end.
    pub(super) fn ask(
        &mut self,
        method: &Method,
        path: &str,
        accept: &str,
    ) -> Result<Response<Body>, RegistryError> {
        let mut url = self.url(path);
        let (mut tries, mut redirects, mut introduced) = (0, 0, false);
        loop {
            let answer = self.once(method, &url, &[("Accept", accept)], Payload::None);
            let failed = answer
                .as_ref()
                .map_or(true, |response| response.status().is_server_error());
            if failed && tries < RETRIES {
                thread::sleep(PAUSE * 2_u32.pow(tries));
                tries += 1;
                continue;
            }
            let response = answer?;
            match response.status().as_u16() {
                401 if !introduced => {
                    self.introduce(&response)?;
                    introduced = true;
                }
                301 | 302 | 303 | 307 | 308 => {
                    redirects += 1;
                    if redirects > REDIRECTS {
                        return Err(
                            self.answered(format!("with more than {REDIRECTS} redirections"))
                        );
                    }
                    url = self.location(&url, &response)?;
                }
                _ => return Ok(response),
            }
        }
    }

    /// `POST` or `PUT`, to a path below the repository or to a whole URL that the registry gave.
    pub(super) fn tell(
        &mut self,
        method: &Method,
        place: &str,
        headers: &[(&str, &str)],
        mut payload: Payload<'_>,
    ) -> Result<Response<Body>, RegistryError> {
        let url = if place.starts_with("http") {
            place.to_owned()
        } else {
            self.url(place)
        };
        let again = match &payload {
            Payload::None => Some(Payload::None),
            Payload::Bytes(bytes) => Some(Payload::Bytes(bytes)),
            Payload::Stream(..) => None,
        };
        let response = self.once(method, &url, headers, payload)?;
        match again {
            Some(again) if response.status() == 401 => {
                self.introduce(&response)?;
                payload = again;
                self.once(method, &url, headers, payload)
            }
            _ => Ok(response),
        }
    }

    /// A whole answer of at most [`MAX_JSON`].
    pub(super) fn read_json(&self, response: Response<Body>) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        self.reader(response)
            .take(MAX_JSON + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| self.answered(error.to_string()))?;
        if bytes.len() as u64 > MAX_JSON {
            return Err(self.answered(format!("with more than {} MiB", MAX_JSON >> 20)));
        }
        Ok(bytes)
    }

    /// An answer's body, which is given up when it trickles.
    pub(super) fn reader(&self, response: Response<Body>) -> impl Read + use<> {
        Paced::new(response.into_body().into_reader(), self.options.pace)
    }

    /// Where the registry says that something is to be found, or sent to.
    pub(super) fn location(
        &self,
        from: &str,
        response: &Response<Body>,
    ) -> Result<String, RegistryError> {
        let bad = || self.answered("with a place that cannot be gone to");
        let header = response.headers().get("location").ok_or_else(bad)?;
        let location = header.to_str().map_err(|_| bad())?;
        let uri: Uri = location.parse().map_err(|_| bad())?;
        match uri.scheme_str() {
            Some("https") => Ok(location.to_owned()),
            // Nobody leads us from an encrypted place to one that is not.
            Some("http") if self.is_plain() => Ok(location.to_owned()),
            Some(_) => Err(bad()),
            None if location.starts_with('/') => {
                let from: Uri = from.parse().map_err(|_| bad())?;
                let authority = from.authority().ok_or_else(bad)?;
                let scheme = from.scheme_str().unwrap_or("https");
                Ok(format!("{scheme}://{authority}{location}"))
            }
            None => Err(bad()),
        }
    }

    fn is_plain(&self) -> bool {
        may_be_plain(&self.endpoint.host, &self.options.plain_http)
    }

    pub(super) fn base(&self) -> String {
        let scheme = if self.is_plain() { "http" } else { "https" };
        format!("{scheme}://{}/", self.endpoint.host)
    }

    fn url(&self, path: &str) -> String {
        let base = self.base();
        match self.endpoint.repository.as_str() {
            "" => format!("{base}v2/{path}"),
            repository => format!("{base}v2/{repository}/{path}"),
        }
    }

    pub(super) fn once(
        &self,
        method: &Method,
        url: &str,
        headers: &[(&str, &str)],
        payload: Payload<'_>,
    ) -> Result<Response<Body>, RegistryError> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // Whoever the registry leads us to has no business with our name.
        if let Some(authorization) = &self.authorization
            && url.starts_with(&self.base())
        {
            request = request.header("Authorization", authorization);
        }
        let bad = |error: ureq::http::Error| {
            self.answered(format!("with words that cannot be sent back: {error}"))
        };
        let sent = match payload {
            Payload::None if *method == Method::GET || *method == Method::HEAD => {
                self.agent.run(request.body(()).map_err(bad)?)
            }
            Payload::None => self.agent.run(request.body(&[][..]).map_err(bad)?),
            Payload::Bytes(bytes) => self.agent.run(request.body(bytes).map_err(bad)?),
            Payload::Stream(reader, size) => {
                let request = request.header("Content-Length", size);
                self.agent
                    .run(request.body(SendBody::from_reader(reader)).map_err(bad)?)
            }
        };
        sent.map_err(|error| RegistryError::Unreachable {
            registry: self.endpoint.host.clone(),
            reason: error.to_string(),
        })
    }

    /// Finds out how to answer the registry's question who we are.
    fn introduce(&mut self, response: &Response<Body>) -> Result<(), RegistryError> {
        let header = response.headers().get("www-authenticate");
        let challenge = header
            .and_then(|header| header.to_str().ok())
            .and_then(Challenge::parse)
            .ok_or_else(|| self.refused(401))?;
        self.authorization = Some(match (challenge, &self.options.login) {
            (Challenge::Basic, Some(login)) => login.header(),
            (Challenge::Basic, None) => return Err(self.refused(401)),
            (Challenge::Bearer(server), _) => format!("Bearer {}", self.fetch_token(&server)?),
        });
        Ok(())
    }

    fn fetch_token(&self, server: &TokenServer) -> Result<String, RegistryError> {
        if !server.realm.starts_with("https://") && !self.is_plain() {
            return Err(self.answered("with a token server that is not encrypted"));
        }
        let mut request = self.agent.get(&server.realm);
        let words = [("service", &server.service), ("scope", &server.scope)];
        for (key, value) in words {
            if let Some(value) = value {
                request = request.query(key, value);
            }
        }
        if let Some(login) = &self.options.login {
            request = request
                .query("account", &login.username)
                .header("Authorization", login.header());
        }
        let response = request.call().map_err(|error| RegistryError::Unreachable {
            registry: self.endpoint.host.clone(),
            reason: error.to_string(),
        })?;
        if response.status() != 200 {
            return Err(self.refused(response.status().as_u16()));
        }
        let json = self.read_json(response)?;
        let token: Token = serde_json::from_slice(&json)
            .map_err(|error| self.answered(format!("with a token we cannot read: {error}")))?;
        token
            .token
            .or(token.access_token)
            .ok_or_else(|| self.answered("without a token"))
    }
}
