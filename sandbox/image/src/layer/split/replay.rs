//! Writing the stream again.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    os::fd::{BorrowedFd, OwnedFd},
};

use rustix::{
    fs::{self, FileType, Mode, OFlags, ResolveFlags},
    io::Errno,
};

use super::{MAGIC, MAX_BYTES, MAX_PATH, MAX_REPLACED, WINDOW_LOG};
use crate::LayerError;

/// Writes the stream that `split` was kept of; answers its length. `root` is the unpacked layer, `replaced` the
/// directory of what was moved aside, if there is one.
///
/// # Errors
/// When a file is missing or of another size than it had, `split` is damaged, or writing fails.
pub fn replay(
    split: &File,
    root: BorrowedFd<'_>,
    replaced: Option<BorrowedFd<'_>>,
    out: &mut impl Write,
) -> Result<u64, LayerError> {
    let mut moves = Vec::new();
    if replaced.is_some() {
        Sheet::open(split)?.each(|place, record| {
            if let Record::Moved { number, path } = record {
                moves.push(Move {
                    place,
                    number,
                    path: path.into(),
                });
            }
            Ok(())
        })?;
    }
    let source = Source {
        root,
        replaced,
        moves,
    };
    let mut written = 0;
    let mut buffer = vec![0; MAX_BYTES];
    let size = Sheet::open(split)?.each(|place, record| match record {
        Record::Bytes(bytes) => {
            written += bytes.len() as u64;
            out.write_all(bytes).map_err(failed_to_write)
        }
        Record::File { size, path } => {
            written += size;
            copy(
                source.file(place, path, size)?,
                size,
                path,
                &mut buffer,
                out,
            )
        }
        Record::Moved { .. } => Ok(()),
    })?;
    if size == written {
        Ok(size)
    } else {
        Err(damaged())
    }
}

enum Record<'a> {
    Bytes(&'a [u8]),
    File { size: u64, path: &'a [u8] },
    Moved { number: u32, path: &'a [u8] },
}

struct Sheet<R> {
    file: R,
}

impl<'a> Sheet<BufReader<zstd::Decoder<'a, BufReader<&'a File>>>> {
    fn open(mut file: &'a File) -> Result<Self, LayerError> {
        io::Seek::rewind(&mut file).map_err(failed_to_read)?;
        let mut decoder = zstd::Decoder::new(file).map_err(failed_to_read)?;
        decoder.window_log_max(WINDOW_LOG).map_err(failed_to_read)?;
        let mut file = BufReader::new(decoder);
        let mut magic = [0; MAGIC.len()];
        file.read_exact(&mut magic).map_err(failed_to_read)?;
        if magic != MAGIC {
            return Err(damaged());
        }
        Ok(Self { file })
    }
}

impl<R: Read> Sheet<R> {
    /// Shows every record with its place in the file; answers what the last one says.
    fn each(
        mut self,
        mut show: impl FnMut(u64, Record<'_>) -> Result<(), LayerError>,
    ) -> Result<u64, LayerError> {
        let mut buffer = Vec::new();
        let mut place = 0;
        loop {
            let [tag] = self.array()?;
            let record = match tag {
                b'B' => {
                    let length = u32::from_le_bytes(self.array()?) as usize;
                    Record::Bytes(self.bytes(length, MAX_BYTES, &mut buffer)?)
                }
                b'F' => Record::File {
                    size: u64::from_le_bytes(self.array()?),
                    path: self.path(&mut buffer)?,
                },
                b'M' => Record::Moved {
                    number: u32::from_le_bytes(self.array()?),
                    path: self.path(&mut buffer)?,
                },
                b'E' => return Ok(u64::from_le_bytes(self.array()?)),
                _ => return Err(damaged()),
            };
            show(place, record)?;
            place += 1;
        }
    }

    fn path<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], LayerError> {
        let length = u16::from_le_bytes(self.array()?);
        self.bytes(length.into(), MAX_PATH, buffer)
    }

    fn bytes<'b>(
        &mut self,
        length: usize,
        limit: usize,
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], LayerError> {
        if length > limit {
            return Err(damaged());
        }
        buffer.resize(length, 0);
        self.file.read_exact(buffer).map_err(failed_to_read)?;
        Ok(buffer)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LayerError> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(failed_to_read)?;
        Ok(bytes)
    }
}

/// Something that was moved aside when a later entry took its place.
struct Move {
    /// Of its record.
    place: u64,
    number: u32,
    path: Vec<u8>,
}

/// Where files are found.
struct Source<'a> {
    root: BorrowedFd<'a>,
    replaced: Option<BorrowedFd<'a>>,
    moves: Vec<Move>,
}

impl Source<'_> {
    /// The file that was at `path` when the record at `place` was written.
    fn file(&self, place: u64, path: &[u8], size: u64) -> Result<OwnedFd, LayerError> {
        let failed = |error| LayerError::os("open", path, error);
        let file = match self.moved(place, path) {
            Some((replaced, inside)) => open(replaced, &inside),
            None => open(self.root, path),
        }
        .map_err(failed)?;
        let stat = fs::fstat(&file).map_err(failed)?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if !is_file || u64::try_from(stat.st_size) != Ok(size) {
            return Err(LayerError::Changed(String::from_utf8_lossy(path).into()));
        }
        Ok(file)
    }

    /// The first move after `place` that took the file or a directory above it along.
    fn moved(&self, place: u64, path: &[u8]) -> Option<(BorrowedFd<'_>, Vec<u8>)> {
        let replaced = self.replaced?;
        self.moves.iter().find_map(|moved| {
            let rest = path.strip_prefix(moved.path.as_slice())?;
            let taken = moved.place > place && matches!(rest.first(), None | Some(b'/'));
            let number = moved.number.to_string().into_bytes();
            (taken && moved.number < MAX_REPLACED).then(|| (replaced, [&number, rest].concat()))
        })
    }
}

fn open(root: BorrowedFd<'_>, path: &[u8]) -> rustix::io::Result<OwnedFd> {
    // NONBLOCK: should it be a pipe, opening must not wait.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    loop {
        match fs::openat2(root, path, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return other,
        }
    }
}

fn copy(
    file: OwnedFd,
    size: u64,
    path: &[u8],
    buffer: &mut [u8],
    out: &mut impl Write,
) -> Result<(), LayerError> {
    let mut file = File::from(file);
    let mut left = size;
    while left > 0 {
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = file
            .read(&mut buffer[..most])
            .map_err(|error| LayerError::os("read", path, error))?;
        if count == 0 {
            return Err(LayerError::Changed(String::from_utf8_lossy(path).into()));
        }
        out.write_all(&buffer[..count]).map_err(failed_to_write)?;
        left -= count as u64;
    }
    Ok(())
}

fn failed_to_write(error: io::Error) -> LayerError {
    LayerError::os("write", b"", error)
}

fn failed_to_read(error: io::Error) -> LayerError {
    LayerError::os("read what was kept of", b"", error)
}

fn damaged() -> LayerError {
    LayerError::Changed("its tar split".into())
}
