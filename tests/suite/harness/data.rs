//! Data directories. The images are fetched once for the whole run and linked into each new directory.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::process::finish;

/// A data directory of its own with the default images and programs in it.
pub struct DataDir(TempDir);

impl DataDir {
    pub fn new() -> Self {
        // Nobody else may pass through, not even the ids that sandboxes run as.
        let private = fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new()
            .prefix("dd")
            .permissions(private)
            .tempdir()
            .unwrap();
        for room in ["images", "bin", "tools"] {
            let (from, to) = (prepared().join(room), folder.path().join(room));
            if !copy(&from, &to, "--archive --link") {
                let _ = fs::remove_dir_all(&to);
                assert!(copy(&from, &to, "--archive"), "could not copy {room}");
            }
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
///
/// Not in the target directory, whose path may be too long for the sockets of a sandbox.
pub fn prepared() -> &'static Path {
    static PREPARED: OnceLock<PathBuf> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let uid = nix::unistd::geteuid().as_raw();
        let folder = std::env::temp_dir().join(format!("drydock-suite-{uid}"));
        let _ = fs::DirBuilder::new().mode(0o755).create(&folder);
        let meta = fs::symlink_metadata(&folder).unwrap();
        assert!(
            meta.is_dir() && meta.uid() == uid,
            "{} is somebody else's",
            folder.display()
        );
        let lock = fs::File::create(folder.join("lock")).unwrap();
        // Another test program may be at it.
        lock.lock().unwrap();
        // Copies of the program, of earlier builds.
        let _ = fs::remove_dir_all(folder.join("bin"));
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
