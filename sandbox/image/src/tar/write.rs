//! Writing a stream. The same entries always give the same bytes, since a layer's id is their digest.

use std::io::{self, Write};

use super::{
    Entry, Kind,
    header::{self, Header},
    pax,
};

/// Writes entries: ustar headers, and extended records for what those cannot say.
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    left: u64,
    padding: usize,
}

impl<W: Write> Writer<W> {
    /// A writer at the start of a stream.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            left: 0,
            padding: 0,
        }
    }

    /// Starts an entry; exactly `entry.size` bytes of data must be written next. Times are kept in whole seconds.
    ///
    /// # Errors
    /// When writing fails or the last entry lacks data.
    pub fn start(&mut self, entry: &Entry) -> io::Result<()> {
        self.end_entry()?;
        let records = records(entry);
        if !records.is_empty() {
            let head = Header {
                name: record_name(&entry.name),
                link: Vec::new(),
                mode: 0o644,
                uid: 0,
                gid: 0,
                size: records.len() as u64,
                mtime: 0,
                letter: b'x',
                device: (0, 0),
            };
            self.inner.write_all(&header::format(&head))?;
            self.inner.write_all(&records)?;
            self.pad(records.len() as u64)?;
        }
        let head = Header {
            name: entry.name.clone(),
            link: entry.link.clone(),
            mode: entry.mode & 0o7777,
            uid: entry.uid,
            gid: entry.gid,
            size: entry.size,
            mtime: entry.mtime,
            letter: entry.kind.letter(),
            device: entry.device,
        };
        self.inner.write_all(&header::format(&head))?;
        self.left = entry.size;
        self.padding = padding(entry.size);
        Ok(())
    }

    /// Ends the archive with two blocks of zeros.
    ///
    /// # Errors
    /// When writing fails or the last entry lacks data.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_entry()?;
        self.inner.write_all(&[0; 1024])?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn end_entry(&mut self) -> io::Result<()> {
        if self.left > 0 {
            return Err(io::Error::other("an entry of the tar stream lacks data"));
        }
        let padding = std::mem::take(&mut self.padding);
        self.inner.write_all(&[0; 512][..padding])
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        self.inner.write_all(&[0; 512][..padding(size)])
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let count = self.inner.write(&bytes[..most.min(bytes.len())])?;
        self.left -= count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn padding(size: u64) -> usize {
    (size.wrapping_neg() % 512) as usize
}

/// What the header cannot say, sorted by key as Go does.
fn records(entry: &Entry) -> Vec<u8> {
    let mut records = Vec::new();
    let number = |records: &mut Vec<u8>, key: &[u8], value: u64, width| {
        if !header::fits_octal(value, width) {
            pax::append(records, key, value.to_string().as_bytes());
        }
    };
    let mut xattrs: Vec<_> = entry.xattrs.iter().collect();
    xattrs.sort();
    for (name, value) in xattrs {
        pax::append_xattr(&mut records, name, value);
    }
    number(&mut records, b"gid", entry.gid, 8);
    if needs_record(&entry.link) {
        pax::append(&mut records, b"linkpath", &entry.link);
    }
    if !u64::try_from(entry.mtime).is_ok_and(|time| header::fits_octal(time, 12)) {
        pax::append(&mut records, b"mtime", entry.mtime.to_string().as_bytes());
    }
    if needs_record(&entry.name) {
        pax::append(&mut records, b"path", &entry.name);
    }
    if entry.kind == Kind::File {
        number(&mut records, b"size", entry.size, 12);
    }
    number(&mut records, b"uid", entry.uid, 8);
    records
}

fn needs_record(text: &[u8]) -> bool {
    text.len() > 100 || !text.is_ascii()
}

/// A name for the extended header: readers that know PAX never see it.
fn record_name(name: &[u8]) -> Vec<u8> {
    let name = name.strip_suffix(b"/").unwrap_or(name);
    let base = name.rsplit(|&b| b == b'/').next().unwrap_or(name);
    let ascii = base.iter().map(|b| if b.is_ascii() { *b } else { b'_' });
    b"PaxHeaders.0/"
        .iter()
        .copied()
        .chain(ascii)
        .take(100)
        .collect()
}
