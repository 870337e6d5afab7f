//! `docker cp`: files between this machine and a container.
//!
//! - [`plan`]: into which directory, under which name; pure. [`local`]: what is at a path here.
//! - [`to`], [`from`]: the two directions. [`pack`], [`unpack`]: files here ↔ a tar stream.
//! - [`progress`]: how much has been copied. [`OutputFile`]: for commands with `--output`.

pub mod from;
mod local;
mod output;
mod pack;
pub mod plan;
mod progress;
pub mod to;
pub mod unpack;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use drydock_api::client::{Body, percent_encode};
use http::{HeaderMap, Method};
use serde::Deserialize;

pub use output::OutputFile;

use crate::{
    docker::{Docker, container_segment},
    error::CliError,
};

/// What the engine tells of a path in a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PathStat {
    mode: u32,
    #[serde(default)]
    link_target: String,
}

// As Go's `os.FileMode` has them.
const DIRECTORY: u32 = 1 << 31;
const LINK: u32 = 1 << 27;
const DEVICE: u32 = 1 << 26;
const IRREGULAR: u32 = 1 << 19;

impl PathStat {
    const HEADER: &str = "X-Docker-Container-Path-Stat";

    fn of(headers: &HeaderMap) -> Result<Self, CliError> {
        let read = || {
            let json = STANDARD.decode(headers.get(Self::HEADER)?).ok()?;
            serde_json::from_slice(&json).ok()
        };
        read().ok_or_else(|| {
            CliError::failed("unable to decode container path stat header: unexpected value")
        })
    }

    fn is_dir(&self) -> bool {
        self.mode & DIRECTORY != 0
    }

    fn is_link(&self) -> bool {
        self.mode & LINK != 0
    }
}

/// Where the engine answers for a path in a container.
fn archive_path(container: &str, path: &str) -> String {
    let (container, path) = (container_segment(container), percent_encode(path));
    format!("/containers/{container}/archive?path={path}")
}

/// What is at a path in a container.
async fn stat(docker: &Docker, container: &str, path: &str) -> Result<PathStat, CliError> {
    let path = archive_path(container, path);
    let response = docker.request(Method::HEAD, &path, Body::empty()).await?;
    PathStat::of(response.headers())
}
