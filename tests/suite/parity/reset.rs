//! Between scenarios: nothing is there but the base image.

use serde_json::Value;

use super::base::{Base, NAME};
use crate::harness::engine::Daemon;

/// So often what is left is looked for: an image goes only after those that were built on it.
const ROUNDS: usize = 6;

/// Removes containers, volumes, networks and images until only the base image is left, and loads that if need be.
pub fn to_base(daemon: &impl Daemon, base: &Base) -> Result<(), String> {
    for container in list(daemon, "/containers/json?all=1")? {
        let id = text(&container, "Id");
        if text(&container, "State") == "paused" {
            daemon.request("POST", &format!("/containers/{id}/unpause"), b"");
        }
        remove(daemon, &format!("/containers/{id}?force=1&v=1"))?;
    }
    let volumes = daemon.get("/volumes").json()["Volumes"].take();
    for volume in volumes.as_array().into_iter().flatten() {
        remove(
            daemon,
            &format!("/volumes/{}?force=1", text(volume, "Name")),
        )?;
    }
    for network in list(daemon, "/networks")? {
        if !["bridge", "host", "none"].contains(&text(&network, "Name")) {
            remove(daemon, &format!("/networks/{}", text(&network, "Id")))?;
        }
    }
    images_to_base(daemon, base)
}

fn images_to_base(daemon: &impl Daemon, base: &Base) -> Result<(), String> {
    for _ in 0..ROUNDS {
        let images = list(daemon, "/images/json?all=1")?;
        let mut clean = true;
        let mut named = false;
        for image in &images {
            let is_base = text(image, "Id") == base.image_id();
            let tags = image["RepoTags"].as_array().into_iter().flatten();
            let mut tags: Vec<&str> = tags
                .filter_map(Value::as_str)
                .filter(|tag| *tag != "<none>:<none>")
                .collect();
            if is_base {
                named = tags.contains(&NAME);
                tags.retain(|tag| *tag != NAME);
            }
            clean &= is_base && tags.is_empty();
            for tag in &tags {
                daemon.request("DELETE", &format!("/images/{tag}?force=1"), b"");
            }
            if !is_base && tags.is_empty() {
                daemon.request(
                    "DELETE",
                    &format!("/images/{}?force=1", text(image, "Id")),
                    b"",
                );
            }
        }
        if clean && named {
            daemon.request("POST", "/build/prune?all=1", b"");
            return Ok(());
        }
        if !named {
            daemon.request("POST", "/images/load?quiet=1", &base.archive);
        }
    }
    Err(format!(
        "images are left: {}",
        daemon.get("/images/json?all=1").text()
    ))
}

fn list(daemon: &impl Daemon, path: &str) -> Result<Vec<Value>, String> {
    let answer = daemon.get(path);
    match answer.json() {
        Value::Array(items) if answer.status == 200 => Ok(items),
        other => Err(format!("{path}: {} {other}", answer.status)),
    }
}

fn remove(daemon: &impl Daemon, path: &str) -> Result<(), String> {
    let answer = daemon.request("DELETE", path, b"");
    match answer.status {
        // Gone already, or about to be, as with `--rm`.
        200..300 | 404 => Ok(()),
        409 if answer.text().contains("already in progress") => Ok(()),
        status => Err(format!("{path}: {status} {}", answer.text())),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
