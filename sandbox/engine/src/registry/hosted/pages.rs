//! What the registry answers: by path and method to the storage.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    blobs,
    error::HostedError,
    manifest,
    place::{BadPlace, Name, Place, Reference, Thing},
    storage::Storage,
};
use crate::http::body;

/// Bytes of a manifest, as the specification advises.
const MAX_MANIFEST: usize = 4 << 20;
/// Names on one page.
const PAGE: usize = 1000;

pub(super) type Answer = Result<Response, HostedError>;

/// All pages.
pub(super) fn routes(storage: Arc<Storage>) -> Router {
    Router::new().fallback(answer).with_state(storage)
}

async fn answer(State(storage): State<Arc<Storage>>, request: Request) -> Response {
    let mut response = find(&storage, request).await.into_response();
    response.headers_mut().insert(
        "docker-distribution-api-version",
        HeaderValue::from_static("registry/2.0"),
    );
    response
}

async fn find(storage: &Arc<Storage>, request: Request) -> Answer {
    let path = request.uri().path();
    let path = match path.strip_prefix("/v2/") {
        Some(rest) => rest,
        None if path == "/v2" => "",
        None => return Err(HostedError::NoSuchPage),
    };
    let place = Place::parse(path).map_err(|bad| match bad {
        BadPlace::Name => HostedError::Name,
        BadPlace::Digest => HostedError::Digest,
        BadPlace::Path if path.contains("/manifests/") => HostedError::NoManifest,
        BadPlace::Path => HostedError::NoSuchPage,
    })?;
    let method = request.method().clone();
    let is_read = method == Method::GET || method == Method::HEAD;
    match place {
        Place::Base if is_read => Ok(Json(json!({})).into_response()),
        Place::Catalog if is_read => {
            let query = Query::of(&request);
            let (names, link) = query.page(storage.catalog(), "/v2/_catalog");
            Ok((link, Json(json!({"repositories": names}))).into_response())
        }
        Place::Of(name, thing) => match thing {
            Thing::Tags if is_read => tags(storage, &name, &Query::of(&request)),
            Thing::Manifest(reference) => {
                manifests(storage, &name, &reference, &method, request).await
            }
            Thing::Referrers(digest) if is_read => {
                Ok(referrers(storage, &name, &digest, &Query::of(&request)))
            }
            Thing::Blob(digest) => blobs::blob(storage, &name, &digest, &method, request.headers()),
            Thing::Uploads if method == Method::POST => blobs::begin(storage, &name, request).await,
            Thing::Upload(id) => blobs::upload(storage, &name, &id, request).await,
            _ => Err(HostedError::Unsupported),
        },
        _ => Err(HostedError::Unsupported),
    }
}

fn tags(storage: &Storage, name: &Name, query: &Query) -> Answer {
    let path = format!("/v2/{}/tags/list", name.as_str());
    let (tags, link) = query.page(storage.tags(name)?, &path);
    Ok((link, Json(json!({"name": name.as_str(), "tags": tags}))).into_response())
}

async fn manifests(
    storage: &Arc<Storage>,
    name: &Name,
    reference: &Reference,
    method: &Method,
    request: Request,
) -> Answer {
    match *method {
        Method::GET | Method::HEAD => {
            let (bytes, digest, note) = storage.manifest(name, reference)?;
            let headers = [
                (header::CONTENT_TYPE.as_str(), note.media_type),
                (header::CONTENT_LENGTH.as_str(), bytes.len().to_string()),
                (header::ETAG.as_str(), format!("\"{digest}\"")),
                ("docker-content-digest", digest.to_string()),
            ];
            let body = if *method == Method::GET {
                Body::from(bytes)
            } else {
                Body::empty()
            };
            Ok((headers, body).into_response())
        }
        Method::PUT => {
            let media_type = text(request.headers(), "content-type").to_owned();
            let bytes = body::bytes(request.into_body(), MAX_MANIFEST)
                .await
                .map_err(|error| HostedError::Manifest(error.to_string()))?;
            let (digest, note) = storage.put_manifest(name, reference, &media_type, &bytes)?;
            let place = format!("/v2/{}/manifests/{digest}", name.as_str());
            let mut response = StatusCode::CREATED.into_response();
            let headers = response.headers_mut();
            set(headers, "location", place);
            set(headers, "docker-content-digest", digest.to_string());
            if let Some(subject) = note.subject {
                set(headers, "oci-subject", subject.to_string());
            }
            Ok(response)
        }
        Method::DELETE => {
            storage.remove_manifest(name, reference)?;
            Ok(StatusCode::ACCEPTED.into_response())
        }
        _ => Err(HostedError::Unsupported),
    }
}

/// Those manifests that say something about another one, as an index.
fn referrers(
    storage: &Storage,
    name: &Name,
    subject: &drydock_image::Digest,
    query: &Query,
) -> Response {
    let kind = query.get("artifactType");
    let mut listed = Vec::new();
    for digest in storage.referrers(name, subject) {
        let Ok((bytes, digest, note)) = storage.manifest(name, &Reference::Digest(digest)) else {
            continue;
        };
        let descriptor = manifest::descriptor(&note.media_type, &digest, &bytes);
        if kind.is_none_or(|kind| descriptor["artifactType"] == kind) {
            listed.push(descriptor);
        }
    }
    let mut headers = HeaderMap::new();
    let index = HeaderValue::from_static("application/vnd.oci.image.index.v1+json");
    headers.insert(header::CONTENT_TYPE, index);
    if kind.is_some() {
        let applied = HeaderValue::from_static("artifactType");
        headers.insert("oci-filters-applied", applied);
    }
    let json = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": listed,
    });
    (headers, json.to_string()).into_response()
}

/// A header as text; empty when it is not there or no text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Sets a header to a name, a digest or a number, which are plain text.
pub(super) fn set(headers: &mut HeaderMap, name: &'static str, value: String) {
    if let Ok(value) = value.parse() {
        headers.insert(name, value);
    }
}

/// A request's query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(request: &Request) -> Self {
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(request.uri());
        Self(
            query
                .map(|axum::extract::Query(pairs)| pairs)
                .unwrap_or_default(),
        )
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == key)?;
        Some(&found.1)
    }

    /// The names after `last`, `n` at most, and where the next ones are.
    fn page(&self, mut names: Vec<String>, path: &str) -> (Vec<String>, HeaderMap) {
        if let Some(last) = self.get("last") {
            names.retain(|name| name.as_str() > last);
        }
        let most = self.get("n").and_then(|n| n.parse().ok()).unwrap_or(PAGE);
        let most = most.min(PAGE);
        let more = names.len() > most;
        names.truncate(most);
        let mut headers = HeaderMap::new();
        let link = names
            .last()
            .filter(|_| more)
            .map(|last| format!("<{path}?n={most}&last={last}>; rel=\"next\""));
        if let Some(Ok(link)) = link.map(|link| link.parse()) {
            headers.insert(header::LINK, link);
        }
        (names, headers)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_pages() {
        let names = || ["a", "b", "c"].map(String::from).to_vec();
        let query = |pairs: &[(&str, &str)]| {
            Query(
                pairs
                    .iter()
                    .map(|(k, v)| ((*k).into(), (*v).into()))
                    .collect(),
            )
        };
        let (page, headers) = query(&[("n", "2")]).page(names(), "/v2/_catalog");
        assert_eq!(page, ["a", "b"]);
        assert_eq!(headers["link"], "</v2/_catalog?n=2&last=b>; rel=\"next\"");
        let (page, headers) = query(&[("n", "2"), ("last", "b")]).page(names(), "/v2/_catalog");
        assert_eq!((page, headers.len()), (vec!["c".to_owned()], 0));
        assert_eq!(query(&[("n", "0")]).page(names(), "x").0, [""; 0]);
    }
}
