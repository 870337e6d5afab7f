//! `docker load`: an archive → images.

use std::io::Read;

use drydock_api::models::{JsonError, JsonMessage, JsonProgress};
use drydock_image::{Digest, ImportedImage};

use super::{ImageError, platform::Platform, tell};
use crate::{
    Engine,
    http::stream::{Gone, Sender},
};

/// What `docker load` may say otherwise.
#[derive(Debug, Clone)]
pub(crate) struct LoadOptions {
    /// Say nothing of layers.
    pub quiet: bool,
    /// The images' machine.
    pub platform: Platform,
}

/// Loads an archive and says how it goes. Blocks. What is wrong is said in the answer, whose status is 200 by then,
/// as at home.
pub(crate) fn load(
    engine: &Engine,
    mut archive: impl Read,
    options: &LoadOptions,
    sender: &Sender,
) {
    let mut unpacked = |layer: &Digest, size: u64| {
        if !options.quiet {
            // A client that has gone stops the archive by itself.
            let _ = sender.json_blocking(&progress(layer, size));
        }
    };
    let loaded = match options.platform.is_here() {
        false => Err(ImageError::OtherPlatform(options.platform.clone())),
        true => engine
            .store
            .import_archive_watched(&mut archive, &mut unpacked)
            .map_err(ImageError::from),
    };
    let _ = match loaded {
        Ok(images) => say(engine, &images, sender),
        Err(error) => sender.json_blocking(&failure(&error.to_string())),
    };
}

fn say(engine: &Engine, images: &[ImportedImage], sender: &Sender) -> Result<(), Gone> {
    for image in images {
        tell(engine, "load", &image.id, &image.id.to_string());
    }
    for image in images {
        for (name, before) in &image.replaced {
            let text = format!(
                "The image {name} already exists, renaming the old one with ID {before} to empty string\n"
            );
            sender.json_blocking(&stream(text))?;
        }
        for name in &image.refs {
            sender.json_blocking(&stream(format!("Loaded image: {name}\n")))?;
        }
    }
    // Docker names the ids when the last image has no name.
    if images.last().is_some_and(|image| image.refs.is_empty()) {
        let ids = images
            .iter()
            .map(|image| format!("Loaded image ID: {}\n", image.id));
        sender.json_blocking(&stream(ids.collect()))?;
    }
    Ok(())
}

fn stream(text: String) -> JsonMessage {
    JsonMessage {
        stream: Some(text),
        ..JsonMessage::default()
    }
}

fn progress(layer: &Digest, size: u64) -> JsonMessage {
    let size = i64::try_from(size).ok();
    JsonMessage {
        status: Some("Loading layer".into()),
        progress_detail: Some(JsonProgress {
            current: size,
            total: size,
            ..JsonProgress::default()
        }),
        id: Some(layer.hex()[..12].into()),
        ..JsonMessage::default()
    }
}

fn failure(message: &str) -> JsonMessage {
    JsonMessage {
        error_detail: Some(JsonError {
            message: message.into(),
            ..JsonError::default()
        }),
        error: Some(message.into()),
        ..JsonMessage::default()
    }
}
