//! Files here into a tar stream.

use std::{
    collections::HashMap,
    fs::{self, File, Metadata},
    io::{self, Read as _, Write},
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use tar::{Builder, EntryType, Header};

use super::local::Found;
use crate::{error::os_words, tty};

/// Packs what was found, under another name; `.` and `/` stand for what is in it alone.
///
/// # Errors
/// Nobody reads on.
pub fn pack(found: &Found, name: &str, out: &mut impl Write) -> io::Result<()> {
    let mut pack = Pack {
        tar: Builder::new(out),
        links: HashMap::new(),
    };
    match name {
        "." | "/" => pack.inside(&found.path, Path::new(""))?,
        name => pack.any(&found.path, Path::new(name))?,
    }
    pack.tar.into_inner()?.flush()
}

struct Pack<W: Write> {
    tar: Builder<W>,
    /// The first name of each file that has several.
    links: HashMap<(u64, u64), PathBuf>,
}

impl<W: Write> Pack<W> {
    fn inside(&mut self, dir: &Path, name: &Path) -> io::Result<()> {
        let entries = fs::read_dir(dir).and_then(|list| {
            list.map(|entry| entry.map(|entry| entry.file_name()))
                .collect::<io::Result<Vec<_>>>()
        });
        let mut names = match entries {
            Ok(names) => names,
            Err(error) => return left_out(dir, &error),
        };
        names.sort_unstable();
        for inner in names {
            self.any(&dir.join(&inner), &name.join(&inner))?;
        }
        Ok(())
    }

    fn any(&mut self, path: &Path, name: &Path) -> io::Result<()> {
        let meta = match fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(error) => return left_out(path, &error),
        };
        let kind = meta.file_type();
        if kind.is_dir() {
            let mut slashed = name.as_os_str().to_owned();
            slashed.push("/");
            let mut header = header(&meta, EntryType::Directory);
            self.tar.append_data(&mut header, slashed, io::empty())?;
            return self.inside(path, name);
        }
        if kind.is_socket() {
            return Ok(());
        }
        if meta.nlink() > 1 {
            if let Some(first) = self.links.get(&(meta.dev(), meta.ino())) {
                let mut header = header(&meta, EntryType::Link);
                return self.tar.append_link(&mut header, name, first);
            }
            self.links.insert((meta.dev(), meta.ino()), name.to_owned());
        }
        if kind.is_symlink() {
            let target = fs::read_link(path)?;
            let mut header = header(&meta, EntryType::Symlink);
            return self.tar.append_link(&mut header, name, target);
        }
        if kind.is_file() {
            return self.regular(path, name, &meta);
        }
        let device = (
            rustix::fs::major(meta.rdev()),
            rustix::fs::minor(meta.rdev()),
        );
        let mut header = match kind {
            kind if kind.is_fifo() => header(&meta, EntryType::Fifo),
            kind if kind.is_char_device() => header(&meta, EntryType::Char),
            _ => header(&meta, EntryType::Block),
        };
        header.set_device_major(device.0)?;
        header.set_device_minor(device.1)?;
        self.tar.append_data(&mut header, name, io::empty())
    }

    fn regular(&mut self, path: &Path, name: &Path, meta: &Metadata) -> io::Result<()> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) => return left_out(path, &error),
        };
        let mut header = header(meta, EntryType::Regular);
        header.set_size(meta.len());
        // A file that changes its size while it is read must not shift the rest of the stream.
        let padded = file.take(meta.len()).chain(io::repeat(0)).take(meta.len());
        self.tar.append_data(&mut header, name, padded)
    }
}

/// As Docker goes on without what it cannot read, and says so.
fn left_out(path: &Path, error: &io::Error) -> io::Result<()> {
    let line = format!(
        "Can't add file {} to tar: {}",
        path.display(),
        os_words(error)
    );
    tty::complain(&line).map_err(|_| io::ErrorKind::BrokenPipe.into())
}

fn header(meta: &Metadata, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(meta.permissions().mode() & 0o7777);
    header.set_mtime(u64::try_from(meta.mtime()).unwrap_or(0));
    header.set_uid(meta.uid().into());
    header.set_gid(meta.gid().into());
    header.set_size(0);
    header
}
