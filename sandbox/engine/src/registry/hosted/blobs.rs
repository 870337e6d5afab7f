//! Blobs and uploads over HTTP.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    sync::Arc,
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use drydock_image::Digest;
use futures_util::stream;
use http_body_util::BodyExt as _;

use super::{
    error::HostedError,
    pages::{Answer, Query, set, text},
    place::{Name, piece, range},
    storage::{Storage, Upload},
};

/// Bytes that are read at once.
const PIECE: u64 = 64 << 10;

/// `GET`, `HEAD` and `DELETE` of a blob.
pub(super) fn blob(
    storage: &Storage,
    name: &Name,
    digest: &Digest,
    method: &Method,
    headers: &HeaderMap,
) -> Answer {
    if *method == Method::DELETE {
        storage.remove_blob(name, digest)?;
        return Ok(StatusCode::ACCEPTED.into_response());
    }
    if *method != Method::GET && *method != Method::HEAD {
        return Err(HostedError::Unsupported);
    }
    let (file, size) = storage.blob(name, digest)?;
    let asked = text(headers, "range");
    let (status, (first, last)) = match asked {
        "" => (StatusCode::OK, (0, size.saturating_sub(1))),
        asked => (
            StatusCode::PARTIAL_CONTENT,
            range(asked, size).ok_or(HostedError::Range)?,
        ),
    };
    let length = if size == 0 { 0 } else { last - first + 1 };
    let body = if *method == Method::GET {
        stream_of(file, first, length)?
    } else {
        Body::empty()
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    let octets = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, octets);
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        set(
            headers,
            "content-range",
            format!("bytes {first}-{last}/{size}"),
        );
    }
    set(headers, "docker-content-digest", digest.to_string());
    Ok(response)
}

/// The storage is memory: reading it here does not wait for any disk.
fn stream_of(mut file: File, first: u64, length: u64) -> Result<Body, HostedError> {
    file.seek(SeekFrom::Start(first))
        .map_err(HostedError::os("read a blob"))?;
    let pieces = stream::try_unfold((file, length), async |(mut file, left)| {
        let mut piece = Vec::new();
        (&mut file).take(left.min(PIECE)).read_to_end(&mut piece)?;
        let left = left - piece.len() as u64;
        let is_end = piece.is_empty();
        Ok::<_, std::io::Error>((!is_end).then_some((piece, (file, left))))
    });
    Ok(Body::from_stream(pieces))
}

/// `POST` to the uploads: a mount, a blob as a whole, or the beginning of one.
pub(super) async fn begin(storage: &Arc<Storage>, name: &Name, request: Request) -> Answer {
    let query = Query::of(&request);
    if let (Some(mount), Some(from)) = (query.get("mount"), query.get("from")) {
        let blob: Digest = mount.parse().map_err(|_| HostedError::Digest)?;
        let from = Name::parse(from).ok_or(HostedError::Name)?;
        if storage.mount(name, &from, &blob)? {
            return Ok(created(name, &blob));
        }
    }
    let mut upload = storage.begin(name)?;
    if let Some(digest) = query.get("digest") {
        let digest: Digest = digest.parse().map_err(|_| HostedError::Digest)?;
        receive(&mut upload, request.into_body()).await?;
        storage.finish(upload, Some(&digest))?;
        return Ok(created(name, &digest));
    }
    let id = storage.keep(upload);
    Ok(accepted(name, &id, 0, StatusCode::ACCEPTED))
}

/// `GET`, `PATCH`, `PUT` and `DELETE` of an upload.
pub(super) async fn upload(
    storage: &Arc<Storage>,
    name: &Name,
    id: &str,
    request: Request,
) -> Answer {
    let mut taken = Taken::new(storage, name, id)?;
    match *request.method() {
        Method::GET => Ok(accepted(name, id, taken.size(), StatusCode::NO_CONTENT)),
        Method::PATCH => {
            let asked = text(request.headers(), "content-range");
            let follows = |(first, _): (u64, u64)| first == taken.size();
            if !asked.is_empty() && !piece(asked).is_some_and(follows) {
                return Err(HostedError::Range);
            }
            receive(taken.upload()?, request.into_body()).await?;
            Ok(accepted(name, id, taken.size(), StatusCode::ACCEPTED))
        }
        Method::PUT => {
            let query = Query::of(&request);
            let digest = query.get("digest").ok_or(HostedError::Digest)?;
            let digest: Digest = digest.parse().map_err(|_| HostedError::Digest)?;
            receive(taken.upload()?, request.into_body()).await?;
            let upload = taken.upload.take().ok_or(HostedError::NoUpload)?;
            storage.finish(upload, Some(&digest))?;
            Ok(created(name, &digest))
        }
        Method::DELETE => {
            drop(taken.upload.take());
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(HostedError::Unsupported),
    }
}

/// An upload while a request works on it. A client that hangs up may go on with it later.
struct Taken<'a> {
    storage: &'a Storage,
    id: &'a str,
    upload: Option<Upload>,
}

impl<'a> Taken<'a> {
    fn new(storage: &'a Storage, name: &Name, id: &'a str) -> Result<Self, HostedError> {
        Ok(Self {
            storage,
            id,
            upload: Some(storage.take(name, id)?),
        })
    }

    fn upload(&mut self) -> Result<&mut Upload, HostedError> {
        self.upload.as_mut().ok_or(HostedError::NoUpload)
    }

    fn size(&self) -> u64 {
        self.upload.as_ref().map_or(0, Upload::size)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(upload) = self.upload.take() {
            self.storage.keep_as(self.id.to_owned(), upload);
        }
    }
}

/// Memory stays flat: each piece is written as it comes.
async fn receive(upload: &mut Upload, mut body: Body) -> Result<(), HostedError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| HostedError::Gone)?;
        if let Ok(bytes) = frame.into_data() {
            upload.write(&bytes)?;
        }
    }
    Ok(())
}

fn created(name: &Name, digest: &Digest) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let place = format!("/v2/{}/blobs/{digest}", name.as_str());
    set(response.headers_mut(), "location", place);
    let digest = digest.to_string();
    set(response.headers_mut(), "docker-content-digest", digest);
    response
}

fn accepted(name: &Name, id: &str, size: u64, status: StatusCode) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    let place = format!("/v2/{}/blobs/uploads/{id}", name.as_str());
    set(headers, "location", place);
    set(headers, "range", format!("0-{}", size.saturating_sub(1)));
    set(headers, "docker-upload-uuid", id.to_owned());
    response
}
