//! `/v1.41/…`: taken off before routing, and the headers of every answer.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request, Uri},
};
use drydock_api::{API_VERSION, MIN_API_VERSION, VERSION};

use crate::error::EngineError;

/// The API version that the client asked for, as minor number of 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion(pub u16);

fn minor(version: &str) -> Option<u16> {
    version.strip_prefix("1.")?.parse().ok()
}

/// `1.41`; another major version is older or newer than all that there are.
fn parse(version: &str) -> Option<ApiVersion> {
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let (major, minor) = (major.parse::<u16>().ok()?, minor.parse::<u16>().ok()?);
    Some(ApiVersion(match major {
        0 => 0,
        1 => minor,
        _ => u16::MAX,
    }))
}

fn newest() -> ApiVersion {
    ApiVersion(minor(API_VERSION).unwrap_or(u16::MAX))
}

/// Takes a leading `/v1.N` off the request's path.
pub(crate) fn strip(request: &mut Request<Body>) -> Result<ApiVersion, EngineError> {
    let Some((version, rest)) = split(request.uri()) else {
        return Ok(newest());
    };
    let oldest = ApiVersion(minor(MIN_API_VERSION).unwrap_or(0));
    let asked = parse(&version).ok_or(EngineError::NoSuchPage)?;
    if asked < oldest {
        return Err(EngineError::Invalid(format!(
            "client version {version} is too old. Minimum supported API version is {MIN_API_VERSION}, please upgrade your client to a newer version"
        )));
    }
    if asked > newest() {
        return Err(EngineError::Invalid(format!(
            "client version {version} is too new. Maximum supported API version is {API_VERSION}"
        )));
    }
    *request.uri_mut() = rest;
    Ok(asked)
}

fn split(uri: &Uri) -> Option<(String, Uri)> {
    let text = uri.path_and_query()?.as_str().strip_prefix("/v")?;
    let (version, rest) = text.split_once('/')?;
    version
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(())?;
    Some((version.to_owned(), format!("/{rest}").parse().ok()?))
}

/// What the clients look for in every answer.
pub(crate) fn stamp(headers: &mut HeaderMap) {
    let server = const_format_server();
    headers.insert("Api-Version", HeaderValue::from_static(API_VERSION));
    headers.insert("Docker-Experimental", HeaderValue::from_static("false"));
    headers.insert("Ostype", HeaderValue::from_static("linux"));
    if let Ok(server) = HeaderValue::from_str(&server) {
        headers.insert("Server", server);
    }
}

fn const_format_server() -> String {
    format!("Drydock/{VERSION} (linux)")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn stripped(path: &str) -> Result<(u16, String), String> {
        let mut request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let version = strip(&mut request).map_err(|e| e.to_string())?;
        Ok((version.0, request.uri().to_string()))
    }

    #[test]
    fn paths_with_and_without_a_version_are_the_same_page() {
        assert_eq!(
            stripped("/v1.41/containers/json?all=1"),
            Ok((41, "/containers/json?all=1".into()))
        );
        assert_eq!(stripped("/_ping"), Ok((50, "/_ping".into())));
        assert_eq!(stripped("/volumes/v1"), Ok((50, "/volumes/v1".into())));
    }

    #[test]
    fn versions_out_of_range_are_refused_in_dockers_words() {
        assert_eq!(
            stripped("/v1.99/info").unwrap_err(),
            "client version 1.99 is too new. Maximum supported API version is 1.50"
        );
        assert!(
            stripped("/v2/info")
                .unwrap_err()
                .contains("client version 2 is too new")
        );
        assert_eq!(stripped("/v1.x/info").unwrap_err(), "page not found");
        assert!(
            stripped("/v1.12/info")
                .unwrap_err()
                .contains("is too old. Minimum supported API version is 1.24")
        );
    }
}
