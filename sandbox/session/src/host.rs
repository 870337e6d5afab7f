//! The data directory, and who the server is on this host.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::SessionError;

/// Everything of Drydock's on the host.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Makes the directory and its rooms where they are missing.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(path: &Path) -> Result<Self, SessionError> {
        // Others may pass through to what they own (the rootless store's ids), not look around.
        let make = |dir: &Path, mode| {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(mode)
                .create(dir)
                .map_err(SessionError::file("create", dir))
        };
        make(path, 0o711)?;
        let path = path
            .canonicalize()
            .map_err(SessionError::file("find", path))?;
        for (room, mode) in [("run", 0o711), ("bin", 0o755)] {
            make(&path.join(room), mode)?;
        }
        Ok(Self(path))
    }

    /// Where it is used when nothing is said: the system's place for root, the user's own otherwise.
    #[must_use]
    pub fn default_path() -> PathBuf {
        if is_root() {
            return "/var/lib/drydock".into();
        }
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
        std::env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .or_else(home)
            .unwrap_or_else(std::env::temp_dir)
            .join("drydock")
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The image store.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.0.join("images")
    }

    /// One directory a sandbox.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// This program as sandboxes run it: a copy that nobody replaces under them, that no id inside owns,
    /// and that stays readable when the original does not.
    ///
    /// # Errors
    /// It cannot be copied.
    pub fn program(&self) -> Result<PathBuf, SessionError> {
        let own = Path::new("/proc/self/exe");
        let meta = fs::metadata(own).map_err(SessionError::file("look at", own))?;
        let name = format!(
            "drydock-{:x}-{:x}-{:x}",
            meta.size(),
            meta.mtime(),
            meta.mtime_nsec()
        );
        let path = self.0.join("bin").join(name);
        if path.exists() {
            return Ok(path);
        }
        let new = path.with_extension(format!("new-{}", std::process::id()));
        let copy = || -> io::Result<()> {
            fs::copy(own, &new)?;
            fs::set_permissions(&new, fs::Permissions::from_mode(0o555))?;
            fs::rename(&new, &path)
        };
        copy().map_err(SessionError::file("copy this program to", &path))?;
        Ok(path)
    }
}

/// Whether the server is root, and so can give every sandbox ids of its own.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
