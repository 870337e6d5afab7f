//! Import of archives: what `docker save` writes, old and new, and OCI image layouts in a tar stream.

mod decode;

use std::io::Read;

pub(crate) use self::decode::decoded;
pub use self::decode::Compression;

use crate::{ImportedImage, Store, StoreError};

impl Store {
    /// Imports all images of an archive, compressed or not. Ids and digests stay as they are, and are checked.
    ///
    /// # Errors
    /// When the archive is neither, is damaged, hostile or over a bound. Nothing of it is then visible.
    pub fn import_archive(&self, archive: impl Read) -> Result<Vec<ImportedImage>, StoreError> {
        drop(archive);
        Err(StoreError::Archive("not read yet".into()))
    }
}
