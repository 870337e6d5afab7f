//! Keeping what is not file content.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write as _},
};

use super::{MAGIC, MAX_BYTES, MAX_REPLACED, WINDOW_LOG};

/// Reads a layer's stream, and keeps what is read through it, but for what [`Recorder::leave_out`] says.
#[derive(Debug)]
pub struct Recorder<R> {
    stream: R,
    sheet: Option<Sheet>,
    /// Bytes that were read.
    size: u64,
    /// Of what is read next, these are a file's.
    left_out: u64,
    replaced: u32,
}

struct Sheet {
    file: zstd::Encoder<'static, BufWriter<File>>,
    /// Bytes of the stream that are not written yet.
    pending: Vec<u8>,
}

impl<R: Read> Recorder<R> {
    /// Reads `stream` and keeps nothing.
    pub fn idle(stream: R) -> Self {
        Self {
            stream,
            sheet: None,
            size: 0,
            left_out: 0,
            replaced: 0,
        }
    }

    /// Reads `stream` and keeps the rest of it in `file`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn to(stream: R, file: File) -> io::Result<Self> {
        let mut file = zstd::Encoder::new(BufWriter::new(file), 3)?;
        file.window_log(WINDOW_LOG)?;
        file.write_all(MAGIC)?;
        let pending = Vec::with_capacity(MAX_BYTES);
        Ok(Self {
            sheet: Some(Sheet { file, pending }),
            ..Self::idle(stream)
        })
    }

    /// The next `size` bytes go into the file at `path`.
    pub(crate) fn leave_out(&mut self, size: u64, path: &[u8]) -> io::Result<()> {
        if let Some(sheet) = &mut self.sheet
            && size > 0
        {
            sheet.flush()?;
            sheet.named(b'F', &size.to_le_bytes(), path)?;
            self.left_out = size;
        }
        Ok(())
    }

    /// A number for what stands at `path` and is about to be replaced; `None` when it need not be kept.
    pub(crate) fn replace(&mut self, path: &[u8]) -> io::Result<Option<u32>> {
        let Some(sheet) = &mut self.sheet else {
            return Ok(None);
        };
        if self.replaced >= MAX_REPLACED {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("more than {MAX_REPLACED} files are replaced by later ones"),
            ));
        }
        let number = self.replaced;
        self.replaced += 1;
        sheet.flush()?;
        sheet.named(b'M', &number.to_le_bytes(), path)?;
        Ok(Some(number))
    }

    /// Ends the file, and says how long the stream was. What was not read of it is not in the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> io::Result<u64> {
        if let Some(mut sheet) = self.sheet {
            sheet.flush()?;
            sheet.file.write_all(b"E")?;
            sheet.file.write_all(&self.size.to_le_bytes())?;
            sheet.file.finish()?.flush()?;
        }
        Ok(self.size)
    }
}

impl<R: Read> Read for Recorder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.size += count as u64;
        if let Some(sheet) = &mut self.sheet {
            let content = usize::try_from(self.left_out).map_or(count, |left| left.min(count));
            self.left_out -= content as u64;
            sheet.keep(&buffer[content..count])?;
        }
        Ok(count)
    }
}

impl Sheet {
    fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(MAX_BYTES) {
            if self.pending.len() + piece.len() > MAX_BYTES {
                self.flush()?;
            }
            self.pending.extend_from_slice(piece);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let length = u32::try_from(self.pending.len()).map_err(io::Error::other)?;
        self.file.write_all(b"B")?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    fn named(&mut self, tag: u8, number: &[u8], path: &[u8]) -> io::Result<()> {
        let length = u16::try_from(path.len()).map_err(io::Error::other)?;
        self.file.write_all(&[tag])?;
        self.file.write_all(number)?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(path)
    }
}

impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sheet").finish_non_exhaustive()
    }
}
