//! The places where the bytes of others come in, as plain functions without an engine: what `fuzz/` calls.
//!
//! Each does what a request does before it touches anything that lives, and gives the words of the refusal.

use std::{io::Read, os::fd::BorrowedFd};

use axum::http::{HeaderMap, HeaderValue};

use crate::{
    build,
    container::{create, limits},
    error::EngineError,
    exec::ExecRequest,
    filters::Filters,
    http::body,
    registry::credentials,
    wire::HostConfig,
};

/// Unpacks a build context, or an archive that ADD takes apart, below `root`.
///
/// # Errors
/// At the first entry that is hostile, over a bound, or cannot be made.
pub fn untar(archive: impl Read, root: BorrowedFd<'_>) -> Result<(), String> {
    build::untar(archive, root)
}

/// Reads the body of `POST /containers/create`, and the mounts that it asks for.
///
/// # Errors
/// The refusal's words.
pub fn create_request(body: &[u8]) -> Result<(), String> {
    words(body::parse(body).and_then(|request| create::check(&request)))
}

/// Reads the body of `POST /containers/{id}/exec`.
///
/// # Errors
/// The refusal's words.
pub fn exec_request(body: &[u8]) -> Result<(), String> {
    words(body::parse::<ExecRequest>(body).map(drop))
}

/// Reads the body of `POST /containers/{id}/update`, and what the kernel would be told.
///
/// # Errors
/// The refusal's words.
pub fn update_request(body: &[u8]) -> Result<(), String> {
    let asked: HostConfig = words(body::parse(body))?;
    words(limits::check_at_start(&asked))?;
    let merged = limits::merge(&HostConfig::default(), &asked).map_err(str::to_owned)?;
    limits::resources(&merged).map(drop)
}

/// Reads the header that has the login for a registry.
///
/// # Errors
/// The refusal's words; what cannot be in a header at all is refused too.
pub fn registry_auth(value: &[u8]) -> Result<(), String> {
    let value = HeaderValue::from_bytes(value).map_err(|error| error.to_string())?;
    let headers = HeaderMap::from_iter([(credentials::HEADER, value)]);
    words(credentials::read(&headers).map(drop))
}

/// Reads a query's `filters`, of which `known` may be asked for.
///
/// # Errors
/// The refusal's words.
pub fn filters(text: &str, known: &[&str]) -> Result<(), String> {
    words(Filters::parse(Some(text), known).map(drop))
}

fn words<T>(read: Result<T, EngineError>) -> Result<T, String> {
    read.map_err(|error| error.message())
}
