//! A file that a command's output becomes: in its place only once it is complete.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use crate::error::{CliError, os_words};

/// The file named by `--output`.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
}

impl OutputFile {
    /// Sees whether it can be written.
    ///
    /// # Errors
    /// In Docker's words.
    pub fn check(path: &str) -> Result<Self, String> {
        let path = PathBuf::from(path);
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        if let Some(dir) = dir
            && let Err(error) = fs::metadata(dir)
        {
            let words = os_words(&error);
            return Err(format!(
                "invalid output path: stat {}: {words}",
                dir.display()
            ));
        }
        match fs::metadata(&path).map(|meta| meta.file_type()) {
            Ok(kind) if kind.is_dir() => Err("cannot write to a directory".into()),
            Ok(kind) if kind.is_char_device() => {
                Err("cannot write to a character device file".into())
            }
            Ok(kind) if kind.is_block_device() => Err("cannot write to a block device file".into()),
            _ => Ok(Self { path }),
        }
    }

    /// Writes all that `reader` has. What was there before stays until then.
    ///
    /// # Errors
    /// A full disk, or an engine that breaks off: then nothing is left.
    pub async fn fill(self, reader: impl AsyncRead + Unpin) -> Result<(), CliError> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let begun = self
            .path
            .with_file_name(format!(".tmp-{name}{}", std::process::id()));
        let written = write(&begun, reader)
            .await
            .and_then(|()| fs::rename(&begun, &self.path));
        written.map_err(|error| {
            let _ = fs::remove_file(&begun);
            CliError::io("could not write the archive", error)
        })
    }
}

async fn write(path: &Path, mut reader: impl AsyncRead + Unpin) -> io::Result<()> {
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let mut file = tokio::fs::File::from_std(file);
    let mut buffer = vec![0; 256 << 10];
    loop {
        match reader.read(&mut buffer).await? {
            0 => return file.flush().await,
            count => file.write_all(&buffer[..count]).await?,
        }
    }
}
