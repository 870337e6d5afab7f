//! A context as a tar stream, made while it is sent.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Write},
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::Path,
};

use drydock_api::client::BodySender;
use drydock_dockerfile::DockerIgnore;
use tar::{Builder, EntryType, Header};

use super::Source;
use crate::error::os_words;

const CHUNK: usize = 64 * 1024;

/// Sends the context and gives the number of bytes. Blocks: it reads files, and waits for the engine to read.
///
/// # Errors
/// Docker's words; the request is broken off then.
pub fn send(source: Source, sender: BodySender) -> Result<u64, String> {
    let mut out = Chunks {
        sender: sender.clone(),
        pending: Vec::with_capacity(CHUNK),
        sent: 0,
    };
    match pack(source, &mut out) {
        Ok(()) => Ok(out.sent),
        // The engine has its answer and reads no further; the answer tells why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(out.sent),
        Err(error) => {
            let why = format!("error checking context: {}", os_words(&error));
            sender.blocking_abort(why.clone());
            Err(why)
        }
    }
}

fn pack(source: Source, out: &mut Chunks) -> io::Result<()> {
    match source {
        Source::Archive { head, .. } => {
            out.write_all(&head)?;
            io::copy(&mut io::stdin().lock(), out)?;
        }
        Source::Dockerfile(text) => {
            let mut tar = Builder::new(&mut *out);
            tar.append_data(
                &mut file_header(text.len() as u64),
                "Dockerfile",
                text.as_slice(),
            )?;
            tar.finish()?;
        }
        Source::Directory {
            root,
            ignore,
            dockerfile,
            extra,
        } => {
            let mut tar = Builder::new(&mut *out);
            directory(&mut tar, &root, "", &ignore)?;
            if let Some(text) = extra {
                tar.append_data(
                    &mut file_header(text.len() as u64),
                    &dockerfile,
                    text.as_slice(),
                )?;
            }
            tar.finish()?;
        }
    }
    out.flush()
}

fn file_header(size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(size);
    header
}

/// Everything below `path`, sorted, so that the same files are the same stream.
fn directory(
    tar: &mut Builder<&mut Chunks>,
    root: &Path,
    path: &str,
    ignore: &DockerIgnore,
) -> io::Result<()> {
    let mut names: Vec<_> = fs::read_dir(root.join(path))?
        .map(|entry| entry.map(|e| e.file_name()))
        .collect::<Result<_, _>>()?;
    names.sort_unstable();
    for name in names {
        let name = name.to_string_lossy();
        let child = if path.is_empty() {
            name.into_owned()
        } else {
            format!("{path}/{name}")
        };
        let full = root.join(&child);
        let excluded = ignore.matches(&child);
        let meta = match fs::symlink_metadata(&full) {
            Ok(meta) => meta,
            // Gone since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(named("can't stat", &full, &error)),
        };
        if meta.is_dir() {
            if !excluded {
                let mut header = header(&meta, EntryType::Directory);
                tar.append_data(&mut header, format!("{child}/"), io::empty())?;
            }
            if !excluded || ignore.may_hold_exceptions(&child) {
                directory(tar, root, &child, ignore)?;
            }
        } else if !excluded {
            leaf(tar, &full, &child, &meta)?;
        }
    }
    Ok(())
}

fn leaf(
    tar: &mut Builder<&mut Chunks>,
    full: &Path,
    child: &str,
    meta: &Metadata,
) -> io::Result<()> {
    let kind = meta.file_type();
    if kind.is_symlink() {
        let target = fs::read_link(full)?;
        return tar.append_link(&mut header(meta, EntryType::Symlink), child, target);
    }
    if kind.is_fifo() {
        return tar.append_data(&mut header(meta, EntryType::Fifo), child, io::empty());
    }
    // A socket cannot be archived, and a device of this machine means nothing on another.
    if kind.is_socket() || kind.is_block_device() || kind.is_char_device() {
        return Ok(());
    }
    let file =
        File::open(full).map_err(|error| named("no permission to read from", full, &error))?;
    let mut header = header(meta, EntryType::Regular);
    header.set_size(meta.len());
    // A file that changes its size while it is read must not shift the rest of the stream.
    let padded = file.take(meta.len()).chain(io::repeat(0)).take(meta.len());
    tar.append_data(&mut header, child, padded)
}

fn named(what: &str, path: &Path, error: &io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => io::Error::other(format!("{what} '{}'", path.display())),
        _ => io::Error::other(format!("{what} '{}': {}", path.display(), os_words(error))),
    }
}

fn header(meta: &Metadata, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(meta.permissions().mode() & 0o7777);
    header.set_mtime(u64::try_from(meta.mtime()).unwrap_or(0));
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

/// Small writes become pieces of the request's body.
#[derive(Debug)]
pub struct Chunks {
    sender: BodySender,
    pending: Vec<u8>,
    sent: u64,
}

impl Chunks {
    /// What is written becomes the body of that sender.
    pub fn new(sender: BodySender) -> Self {
        Self {
            sender,
            pending: Vec::with_capacity(CHUNK),
            sent: 0,
        }
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(CHUNK - self.pending.len());
        self.pending.extend_from_slice(&bytes[..count]);
        self.sent += count as u64;
        if self.pending.len() == CHUNK {
            self.flush()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.pending, Vec::with_capacity(CHUNK));
        if piece.is_empty() || self.sender.blocking_send(piece) {
            return Ok(());
        }
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use drydock_api::client::Body;
    use http_body_util::BodyExt;

    use super::*;

    fn packed(source: Source) -> (u64, Vec<(String, u64)>) {
        let (sender, body) = Body::channel(1024, "application/x-tar");
        let sent = send(source, sender).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let bytes = runtime.block_on(body.collect()).unwrap().to_bytes();
        let mut archive = tar::Archive::new(bytes.as_ref());
        let entries = archive
            .entries()
            .unwrap()
            .map(|entry| {
                entry
                    .map(|e| (e.path().unwrap().to_string_lossy().into_owned(), e.size()))
                    .unwrap()
            })
            .collect();
        (sent, entries)
    }

    #[test]
    fn a_dockerfile_alone_is_four_blocks() {
        let (sent, entries) = packed(Source::Dockerfile(b"FROM scratch\n".to_vec()));
        assert_eq!((sent, entries), (2048, vec![("Dockerfile".to_owned(), 13)]));
    }

    #[test]
    fn ignored_files_stay_behind_and_exceptions_come_along() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["sub/keep", "sub/drop"] {
            fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            fs::write(dir.path().join(path), "x").unwrap();
        }
        fs::write(dir.path().join("Dockerfile"), "FROM scratch\n").unwrap();
        fs::write(dir.path().join(".dockerignore"), "*\n!sub/keep\n").unwrap();
        let source = super::super::locate(&dir.path().to_string_lossy(), None).unwrap();
        let names: Vec<String> = packed(source).1.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [".dockerignore", "Dockerfile", "sub/keep"]);
    }
}
