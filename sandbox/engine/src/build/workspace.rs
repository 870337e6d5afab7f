//! A build's own directory on the sandbox's storage: gone with all in it when the build ends.

use std::{
    fs::{self, File},
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use drydock_runtime::container::Rootfs;
use drydock_spec::{ContainerId, Digest};

use super::etc;

/// A build's own directory.
///
/// ```text
/// <data>/build/<id>/context/       what the client sent
/// <data>/build/<id>/mount-points/  what a command's mounts need; the topmost read-only layer of RUN
/// <data>/build/<id>/etc/           hosts, resolv.conf, hostname: mounted over those
/// <data>/build/<id>/none/          an empty directory: the lowest layer of FROM scratch
/// <data>/build/<id>/<n>/{upper,work}  one step
/// ```
#[derive(Debug)]
pub(super) struct Workspace {
    path: PathBuf,
    context: OwnedFd,
    steps: u32,
}

/// A step's writable directory.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) upper: PathBuf,
    pub(super) work: PathBuf,
}

impl Workspace {
    /// Makes one below `builds`.
    pub(super) fn create(builds: &Path) -> io::Result<Self> {
        let path = builds.join(ContainerId::random().short());
        fs::create_dir_all(path.join("context"))?;
        fs::create_dir(path.join("none"))?;
        let context = File::open(path.join("context"))?.into();
        Ok(Self {
            path,
            context,
            steps: 0,
        })
    }

    /// The unpacked context.
    pub(super) fn context(&self) -> BorrowedFd<'_> {
        self.context.as_fd()
    }

    /// Fresh directories for a step.
    pub(super) fn scratch(&mut self) -> io::Result<Scratch> {
        self.steps += 1;
        let step = self.path.join(self.steps.to_string());
        let scratch = Scratch {
            upper: step.join("upper"),
            work: step.join("work"),
        };
        fs::create_dir(&step)?;
        fs::create_dir(&scratch.upper)?;
        fs::create_dir(&scratch.work)?;
        Ok(scratch)
    }

    /// The file system of a step on `layers`, lowest first.
    pub(super) fn rootfs(&self, layers: &[(Digest, PathBuf)], scratch: &Scratch) -> Rootfs {
        let mut lowers: Vec<PathBuf> = layers.iter().rev().map(|(_, dir)| dir.clone()).collect();
        if lowers.is_empty() {
            lowers.push(self.path.join("none"));
        }
        Rootfs {
            lowers,
            upper: scratch.upper.clone(),
            work: scratch.work.clone(),
        }
    }

    /// What the mounts of a command need to be there, so that they leave nothing in the step's layer.
    pub(super) fn mount_points(&self) -> io::Result<PathBuf> {
        let path = self.path.join("mount-points");
        if !path.exists() {
            etc::make_mount_points(&path)?;
        }
        Ok(path)
    }

    /// The files that are mounted into a command's `/etc`; `more` are lines for its `hosts`, `servers` for its
    /// `resolv.conf`.
    pub(super) fn etc(
        &self,
        hostname: &str,
        more: &str,
        servers: &str,
    ) -> io::Result<[(PathBuf, &'static str); 3]> {
        etc::write(&self.path.join("etc"), hostname, more, servers)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "a build's directory stays");
        }
    }
}
