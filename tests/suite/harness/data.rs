//! Data directories. The images are fetched once for the whole run and linked into each new directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::process::finish;

/// A data directory of its own with the default images in it.
pub struct DataDir(TempDir);

impl DataDir {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("dd").tempdir().unwrap();
        let images = folder.path().join("images");
        if !copy(&prepared().join("images"), &images, "--archive --link") {
            let _ = fs::remove_dir_all(&images);
            assert!(
                copy(&prepared().join("images"), &images, "--archive"),
                "could not copy the images"
            );
        }
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

fn copy(from: &Path, to: &Path, how: &str) -> bool {
    let status = Command::new("cp")
        .args(how.split(' '))
        .arg(from)
        .arg(to)
        .stderr(std::process::Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// The directory with the default images: kept from run to run, like everything that is fetched.
pub fn prepared() -> &'static Path {
    static PREPARED: OnceLock<PathBuf> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let folder = target().join("suite-images");
        fs::create_dir_all(&folder).unwrap();
        let lock = fs::File::create(folder.join("lock")).unwrap();
        // Another test program may be at it.
        lock.lock().unwrap();
        let mut command = Command::new(super::drydock());
        command
            .args(["shell", "--data-dir"])
            .arg(&folder)
            .args(["--", "true"]);
        finish(&mut command, b"", std::time::Duration::from_secs(300)).good();
        folder
    })
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists())
        .unwrap_or(Path::new("/tmp"))
        .to_path_buf()
}
