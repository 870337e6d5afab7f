//! `docker pull`: one of the host's images becomes present.

use drydock_api::models::{JsonMessage, JsonProgress};
use drydock_image::StoreError;
use drydock_spec::ImageRef;

use super::{ImageError, tell};
use crate::{Engine, error::EngineError};

/// Makes it present, and says what Docker's client would have seen. Blocks.
pub(crate) fn pull(engine: &Engine, text: &str) -> Result<Vec<JsonMessage>, EngineError> {
    let name: ImageRef = text.parse().map_err(ImageError::from)?;
    let name = name.with_default_tag();
    let before = engine.store.resolve(&name.to_string()).ok();
    let id = engine.store.pull(&name).map_err(|error| match error {
        // One that was built here, and that no registry knows, is denied too, as at home.
        StoreError::NoSuchImage(_) => ImageError::PullDenied(name.repository().to_owned()),
        other => other.into(),
    })?;
    let image = engine.store.image(&id).map_err(ImageError::from)?;
    tell(engine, "pull", &id, &name.to_string());

    let fresh = before.as_ref() != Some(&id);
    let tag = name.tag().map_or_else(
        || name.digest().map(ToString::to_string).unwrap_or_default(),
        Into::into,
    );
    let mut lines = vec![line(format!("Pulling from {}", remote(&name)), Some(tag))];
    if fresh {
        for status in ["Pulling fs layer", "Download complete", "Pull complete"] {
            for layer in &image.layers {
                let progress = Some(JsonProgress::default());
                let id = Some(layer.diff_id.hex()[..12].to_owned());
                lines.push(JsonMessage {
                    progress_detail: progress,
                    ..line(status.into(), id)
                });
            }
        }
    }
    let digest = image
        .digests
        .iter()
        .find_map(|name| name.digest())
        .unwrap_or(&id.0);
    lines.push(line(format!("Digest: {digest}"), None));
    let outcome = if fresh {
        "Downloaded newer image for"
    } else {
        "Image is up to date for"
    };
    lines.push(line(format!("Status: {outcome} {name}"), None));
    Ok(lines)
}

/// The name inside its registry: `library/busybox`.
fn remote(name: &ImageRef) -> String {
    let repository = name.repository();
    match repository.split_once('/') {
        None => format!("library/{repository}"),
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest.into(),
        Some(_) => repository.into(),
    }
}

fn line(status: String, id: Option<String>) -> JsonMessage {
    JsonMessage {
        status: Some(status),
        id,
        ..JsonMessage::default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn names_are_shown_as_their_registry_knows_them() {
        let remote = |text: &str| super::remote(&text.parse().unwrap());
        assert_eq!(remote("busybox"), "library/busybox");
        assert_eq!(remote("me/app:1"), "me/app");
        assert_eq!(remote("localhost:5000/app"), "app");
    }
}
