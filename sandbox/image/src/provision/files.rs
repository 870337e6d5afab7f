//! A layer written from nothing: the same files always give the same tar stream, hence the same image id.

use std::io::Write as _;

use crate::tar::{Entry, Kind, Writer};

/// The time of every file and image that is made here: 2026-01-01T00:00:00Z.
pub const EPOCH: i64 = 1_767_225_600;
/// The same, as configs have it.
pub const EPOCH_TEXT: &str = "2026-01-01T00:00:00Z";

/// A tar stream in the making; everything belongs to root.
pub struct Files {
    tar: Writer<Vec<u8>>,
}

impl Files {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tar: Writer::new(Vec::new()),
        }
    }

    /// Directories, all of one mode.
    pub fn dirs(&mut self, mode: u32, paths: &[&str]) -> &mut Self {
        for path in paths {
            self.add(Entry::new(format!("{path}/"), Kind::Directory, mode), b"");
        }
        self
    }

    /// A file.
    pub fn file(&mut self, path: &str, mode: u32, data: &[u8]) -> &mut Self {
        let mut entry = Entry::new(path, Kind::File, mode);
        entry.size = data.len() as u64;
        self.add(entry, data)
    }

    /// Another name of a file that is there already.
    pub fn hard_link(&mut self, path: &str, target: &str) -> &mut Self {
        let mut entry = Entry::new(path, Kind::HardLink, 0o755);
        entry.link = target.into();
        self.add(entry, b"")
    }

    /// A symbolic link.
    pub fn symlink(&mut self, path: &str, target: &str) -> &mut Self {
        let mut entry = Entry::new(path, Kind::Symlink, 0o777);
        entry.link = target.into();
        self.add(entry, b"")
    }

    /// The finished stream.
    #[must_use]
    pub fn into_tar(self) -> Vec<u8> {
        self.tar.finish().unwrap_or_default()
    }

    fn add(&mut self, mut entry: Entry, data: &[u8]) -> &mut Self {
        entry.mtime = EPOCH;
        // Memory takes all that is written to it, and every entry gets all of its data.
        let written = self
            .tar
            .start(&entry)
            .and_then(|()| self.tar.write_all(data));
        debug_assert!(written.is_ok());
        self
    }
}

impl Default for Files {
    fn default() -> Self {
        Self::new()
    }
}
