//! One layer and a few words → an image.

use std::io::Cursor;

use super::{ProvisionError, files::EPOCH_TEXT};
use crate::{
    ImageConfig, ImageId, Store,
    config::{History, RootFs, RunConfig, host_architecture},
};

/// The path on which Docker's own images look for programs.
pub const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What an image of one layer says of itself.
pub(super) struct Recipe<'a> {
    pub(super) cmd: &'a [&'a str],
    pub(super) made_by: &'a str,
}

pub(super) fn make(
    store: &Store,
    tar: &[u8],
    recipe: &Recipe<'_>,
) -> Result<ImageId, ProvisionError> {
    let layer = store.unpack_layer(Cursor::new(tar))?.canonical()?;
    let hold = store.hold([layer.diff_id().clone()]);
    let layer = store.publish_layer(layer)?;
    let words = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect());
    let step = |made_by: &str, empty_layer| History {
        created: Some(EPOCH_TEXT.into()),
        created_by: Some(made_by.into()),
        empty_layer,
        ..History::default()
    };
    let cmd = serde_json::to_string(recipe.cmd).unwrap_or_default();
    let config = ImageConfig {
        architecture: host_architecture().into(),
        os: "linux".into(),
        created: Some(EPOCH_TEXT.into()),
        config: Some(RunConfig {
            env: words(&[PATH]),
            cmd: words(recipe.cmd),
            ..RunConfig::default()
        }),
        history: vec![
            step(recipe.made_by, false),
            step(&format!("CMD {cmd}"), true),
        ],
        rootfs: RootFs {
            diff_ids: vec![layer.diff_id],
            ..RootFs::default()
        },
        ..ImageConfig::default()
    };
    let id = store.add_image(&config.to_bytes())?;
    drop(hold);
    Ok(id)
}
