//! A build's own directory on the sandbox's storage: gone with all in it when the build ends.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use drydock_runtime::container::Rootfs;
use drydock_spec::{ContainerId, Digest};

use crate::build::etc;

/// A build's own directory.
///
/// ```text
/// <data>/build/<id>/none/              an empty directory: the lowest layer of FROM scratch
/// <data>/build/<id>/points/            what every command's mounts need; the topmost read-only layer of RUN
/// <data>/build/<id>/<n>/{upper,work}   one step
/// <data>/build/<id>/<n>/{etc,files}    what is mounted into its command
/// ```
#[derive(Debug)]
pub(super) struct Room {
    path: PathBuf,
    steps: AtomicU32,
}

/// A step's own directory.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) path: PathBuf,
    pub(super) upper: PathBuf,
    work: PathBuf,
}

impl Room {
    /// Makes one below `builds`.
    pub(super) fn create(builds: &Path) -> io::Result<Self> {
        let path = builds.join(ContainerId::random().short());
        fs::create_dir_all(path.join("none"))?;
        etc::make_mount_points(&path.join("points"))?;
        Ok(Self {
            path,
            steps: AtomicU32::new(0),
        })
    }

    /// Fresh directories for a step.
    pub(super) fn desk(&self) -> io::Result<Desk> {
        let number = self.steps.fetch_add(1, Ordering::Relaxed);
        let path = self.path.join(number.to_string());
        let desk = Desk {
            upper: path.join("upper"),
            work: path.join("work"),
            path,
        };
        fs::create_dir(&desk.path)?;
        fs::create_dir(&desk.upper)?;
        fs::create_dir(&desk.work)?;
        Ok(desk)
    }

    /// The file system of a step on `layers`, lowest first.
    pub(super) fn rootfs(&self, layers: &[(Digest, PathBuf)], desk: &Desk) -> Rootfs {
        let mut lowers: Vec<PathBuf> = layers.iter().rev().map(|(_, dir)| dir.clone()).collect();
        if lowers.is_empty() {
            lowers.push(self.path.join("none"));
        }
        Rootfs {
            lowers,
            upper: desk.upper.clone(),
            work: desk.work.clone(),
        }
    }

    /// What the mounts that every command has need to be there, so that they leave nothing in the step's layer.
    pub(super) fn points(&self) -> PathBuf {
        self.path.join("points")
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "a build's directory stays");
        }
    }
}
