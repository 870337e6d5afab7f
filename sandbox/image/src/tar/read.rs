//! Reading a stream, one entry after the other.

use std::io::{self, Read};

use super::{Entry, Kind, MAX_NAME, MAX_RECORD, TarError, header, pax};

/// Reads entries from a stream. Between two calls of [`Reader::next`] it reads as the data of the entry.
#[derive(Debug)]
pub struct Reader<R> {
    inner: R,
    /// Bytes of the present entry that were not read yet.
    left: u64,
    /// Zeros after it, to the next block.
    padding: u64,
    /// Global extended records, which apply to all entries that follow.
    global: Vec<(Vec<u8>, Vec<u8>)>,
    ended: bool,
}

/// What stands before an entry's own header.
#[derive(Default)]
struct Ahead {
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    records: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// A reader at the start of a stream.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            left: 0,
            padding: 0,
            global: Vec::new(),
            ended: false,
        }
    }

    /// The next entry; what was not read of the last one is skipped. `None` at the archive's end: a block of zeros,
    /// or, as other readers allow, the end of the stream.
    ///
    /// # Errors
    /// When the stream is malformed, over a bound, or cannot be read.
    #[allow(clippy::should_implement_trait, reason = "it can fail")]
    pub fn next(&mut self) -> Result<Option<Entry>, TarError> {
        let mut ahead = Ahead::default();
        // Docker's client ends a context whose Dockerfile it replaced without padding the last file.
        let data = self.left;
        if self.skip()? < data {
            return Err(TarError::Truncated);
        }
        loop {
            let rest = self.left + self.padding;
            if self.skip()? < rest {
                return Err(TarError::Truncated);
            }
            let Some(head) = self.header()? else {
                return Ok(None);
            };
            let what = match head.letter {
                b'L' => "name",
                b'K' => "link target",
                b'x' | b'X' | b'g' => "extended record",
                b'S' => return Err(TarError::Unsupported("GNU sparse files")),
                _ => return self.entry(head, ahead).map(Some),
            };
            let limit = match head.letter {
                // One for the closing zero.
                b'L' | b'K' => MAX_NAME as u64 + 1,
                _ => MAX_RECORD,
            };
            let bytes = self.record(head.size, limit, what)?;
            match head.letter {
                b'L' => ahead.long_name = Some(until_zero(bytes)),
                b'K' => ahead.long_link = Some(until_zero(bytes)),
                b'g' => self.set_global(&bytes)?,
                _ => ahead.records = bytes,
            }
        }
    }

    /// The stream that is read.
    pub(crate) fn stream(&mut self) -> &mut R {
        &mut self.inner
    }

    /// The stream, wherever it is.
    pub fn into_inner(self) -> R {
        self.inner
    }

    fn entry(&mut self, head: header::Header, ahead: Ahead) -> Result<Entry, TarError> {
        let mut entry = Entry {
            kind: Kind::Other(head.letter),
            name: ahead.long_name.unwrap_or(head.name),
            link: ahead.long_link.unwrap_or(head.link),
            mode: head.mode,
            uid: head.uid,
            gid: head.gid,
            size: head.size,
            mtime: head.mtime,
            mtime_nanos: 0,
            xattrs: Vec::new(),
            device: head.device,
        };
        for (key, value) in &self.global {
            pax::apply(&mut entry, key, value)?;
        }
        for (key, value) in pax::records(&ahead.records)? {
            pax::apply(&mut entry, key, value)?;
        }
        entry.kind = Kind::from_letter(head.letter, &entry.name);
        // Links and the like have no data, whatever their size field says: so Go reads it, hence Docker.
        if !matches!(entry.kind, Kind::File | Kind::Other(_)) {
            entry.size = 0;
        }
        self.set_left(entry.size)?;
        Ok(entry)
    }

    fn set_global(&mut self, bytes: &[u8]) -> Result<(), TarError> {
        for (key, value) in pax::records(bytes)? {
            self.global.retain(|(other, _)| other != key);
            self.global.push((key.to_vec(), value.to_vec()));
        }
        let size: usize = self.global.iter().map(|(k, v)| k.len() + v.len()).sum();
        within("global extended record", size as u64, MAX_RECORD)
    }

    fn header(&mut self) -> Result<Option<header::Header>, TarError> {
        if self.ended {
            return Ok(None);
        }
        let mut block = [0; 512];
        let mut have = 0;
        while have < block.len() {
            match self.inner.read(&mut block[have..]) {
                Ok(0) if have == 0 => break,
                Ok(0) => return Err(TarError::Truncated),
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let head = header::parse(&block)?;
        self.ended = head.is_none();
        Ok(head)
    }

    fn record(&mut self, size: u64, limit: u64, what: &'static str) -> Result<Vec<u8>, TarError> {
        within(what, size, limit)?;
        self.set_left(size)?;
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn set_left(&mut self, size: u64) -> Result<(), TarError> {
        self.left = size;
        self.padding = size
            .checked_next_multiple_of(512)
            .ok_or(TarError::Field("size"))?
            - size;
        Ok(())
    }

    /// Leaves what is left of an entry or a record behind; answers how much of it there was.
    fn skip(&mut self) -> Result<u64, TarError> {
        let total = self.left + self.padding;
        self.left = 0;
        self.padding = 0;
        Ok(io::copy(
            &mut self.inner.by_ref().take(total),
            &mut io::sink(),
        )?)
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.inner.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "unexpected EOF",
            ));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

fn within(what: &'static str, size: u64, limit: u64) -> Result<(), TarError> {
    if size > limit {
        return Err(TarError::TooLong { what, size, limit });
    }
    Ok(())
}

fn until_zero(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|&b| b == 0) {
        bytes.truncate(end);
    }
    bytes
}
