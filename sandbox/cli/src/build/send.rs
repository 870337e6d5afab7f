//! The files that the engine wants, as one tar stream that is made while it is sent.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use drydock_api::{
    build::{ContextEntry, ContextKind},
    client::BodySender,
};
use tar::{Builder, EntryType, Header};

use crate::{context::pack::Chunks, error::os_words};

/// Bytes that went out so far; shared with whoever shows them.
#[derive(Debug, Clone, Default)]
pub struct Sent(Arc<AtomicU64>);

impl Sent {
    /// How many.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// So many more.
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Sends these files of `root`. Blocks: it reads files, and waits for the engine to read.
///
/// # Errors
/// In words; the request is broken off then.
pub fn files(
    root: &Path,
    entries: &[&ContextEntry],
    sender: BodySender,
    sent: &Sent,
) -> Result<(), String> {
    let mut out = Counted {
        chunks: Chunks::new(sender.clone()),
        sent,
    };
    let packed = pack(root, entries, &mut out);
    end(packed, sender, "error checking context")
}

/// Sends an archive of which `head` was read from standard input already.
///
/// # Errors
/// As [`files`].
pub fn archive(head: &[u8], sender: BodySender, sent: &Sent) -> Result<(), String> {
    let mut out = Counted {
        chunks: Chunks::new(sender.clone()),
        sent,
    };
    let copied = out
        .write_all(head)
        .and_then(|()| io::copy(&mut io::stdin().lock(), &mut out).map(drop))
        .and_then(|()| out.flush());
    end(copied, sender, "error reading the context")
}

fn end(outcome: io::Result<()>, sender: BodySender, what: &str) -> Result<(), String> {
    match outcome {
        Ok(()) => Ok(()),
        // The engine has its answer and reads no further; the answer tells why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => {
            let why = format!("{what}: {}", os_words(&error));
            sender.blocking_abort(why.clone());
            Err(why)
        }
    }
}

fn pack(root: &Path, entries: &[&ContextEntry], out: &mut Counted<'_>) -> io::Result<()> {
    let mut tar = Builder::new(&mut *out);
    for entry in entries {
        if entry.kind == ContextKind::File {
            file(&mut tar, root, entry)?;
        }
    }
    tar.finish()?;
    drop(tar);
    out.flush()
}

fn file(tar: &mut Builder<&mut Counted<'_>>, root: &Path, entry: &ContextEntry) -> io::Result<()> {
    let path = root.join(&entry.path);
    let named = |error: io::Error| {
        io::Error::other(format!("open {}: {}", path.display(), os_words(&error)))
    };
    let flags = rustix::fs::OFlags::RDONLY
        | rustix::fs::OFlags::NOFOLLOW
        | rustix::fs::OFlags::NONBLOCK
        | rustix::fs::OFlags::CLOEXEC;
    let opened = rustix::fs::open(&path, flags, rustix::fs::Mode::empty());
    let file = File::from(opened.map_err(|error| named(error.into()))?);
    let meta = file.metadata().map_err(named)?;
    if !meta.is_file() {
        return Err(io::Error::other(format!(
            "{} was replaced while the context was read",
            path.display()
        )));
    }
    let mut header = header(&meta);
    header.set_size(meta.len());
    // A file that changes its size while it is read must not shift the rest of the stream.
    let padded = file.take(meta.len()).chain(io::repeat(0)).take(meta.len());
    tar.append_data(&mut header, &entry.path, padded)
}

fn header(meta: &fs::Metadata) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(meta.permissions().mode() & 0o7777);
    header.set_mtime(u64::try_from(meta.mtime()).unwrap_or(0));
    header.set_uid(0);
    header.set_gid(0);
    header
}

struct Counted<'a> {
    chunks: Chunks,
    sent: &'a Sent,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.chunks.write(bytes)?;
        self.sent.add(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.chunks.flush()
    }
}
