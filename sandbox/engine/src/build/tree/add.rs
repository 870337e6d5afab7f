//! ADD: an archive is unpacked, anything else is copied.

use std::{fs::File, io, os::fd::BorrowedFd};

use super::{
    find::Source,
    place::{PutError, Target},
    untar::{self, Limits, Owner, Place},
};
use crate::build::decompress;

impl Target<'_> {
    /// Unpacks a source that is a tar archive, compressed or not, by its content; copies another.
    ///
    /// Without `--chown` the files are whose the archive says.
    ///
    /// # Errors
    /// As [`Target::copy`], and when the archive is hostile, broken or over a bound.
    pub(crate) fn add(&self, root: BorrowedFd<'_>, source: &Source) -> Result<(), PutError> {
        let open = || -> io::Result<File> { Ok(source.open(root)?.into()) };
        let failed = || PutError::os(&source.path);
        if source.is_dir() || !decompress::is_archive(open().map_err(failed())?).map_err(failed())?
        {
            return self.copy(root, source);
        }
        let stream = decompress::plain(open().map_err(failed())?).map_err(failed())?;
        let at = self.unpacked()?;
        let owner = match self.dress.owner {
            Some((uid, gid)) => Owner::Fixed(uid, gid),
            None => Owner::Archive,
        };
        let place = Place {
            root: at.dir(),
            base: std::path::Path::new(""),
            strict: false,
            keeps_kinds: false,
        };
        Ok(untar::unpack_at(stream, place, owner, Limits::default())?)
    }
}
