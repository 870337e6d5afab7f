//! The mounts of a command that is about to run, made.

use std::{
    fs,
    io::{self, Write as _},
    os::{
        fd::AsFd as _,
        unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown},
    },
    path::{Path, PathBuf},
};

use drydock_dockerfile::Invocation;
use drydock_runtime::{
    container::{Mount, MountSource, Rootfs, Tmpfs},
    overlay::mount_detached,
    paths,
};

use super::{Prepared, What, caches::Lease};
use crate::{
    build::tree::stubs::MountPoint,
    builder::{error::Failure, room::Desk, solve::Solver},
};

/// The mounts of a command that is about to run.
#[derive(Debug, Default)]
pub(in crate::builder) struct Placed {
    pub(in crate::builder) mounts: Vec<Mount>,
    pub(in crate::builder) env: Vec<String>,
    points: Vec<MountPoint>,
    _caches: Vec<Lease>,
}

impl Placed {
    /// What the mounts need to be there.
    pub(in crate::builder) fn points(&self) -> Vec<MountPoint> {
        self.points.clone()
    }

    fn push(&mut self, source: MountSource, target: &Path, readonly: bool, directory: bool) {
        self.points.push(MountPoint {
            path: target.into(),
            directory,
        });
        self.mounts.push(Mount {
            source,
            target: target.into(),
            readonly,
        });
    }
}

impl Prepared {
    /// Makes all that is to be mounted.
    pub(in crate::builder) fn place(
        &self,
        solver: &Solver<'_>,
        script: &Invocation,
        desk: &Desk,
    ) -> Result<Placed, Failure> {
        let mut placed = Placed::default();
        let failed = || Failure::os("prepare a mount");
        for (number, part) in self.0.iter().enumerate() {
            let dir = desk.path.join(format!("mount-{number}"));
            fs::create_dir(&dir).map_err(failed())?;
            let target = &part.target;
            match &part.what {
                What::Bind {
                    layers,
                    directory,
                    path,
                    readonly,
                    ..
                } => {
                    let lowers = match directory {
                        Some(context) => vec![context.clone()],
                        None => layers.iter().rev().map(|(_, dir)| dir.clone()).collect(),
                    };
                    let rootfs = overlay(&dir, lowers).map_err(failed())?;
                    let is_dir = is_directory(&rootfs, path)?;
                    let path = PathBuf::from(path);
                    placed.push(
                        MountSource::Layers { rootfs, path },
                        target,
                        *readonly,
                        is_dir,
                    );
                }
                What::Cache { .. } => {
                    let lease = solver.cache_mount(&part.what)?;
                    let source = MountSource::Engine(lease.path.clone());
                    let readonly = matches!(&part.what, What::Cache { readonly: true, .. });
                    placed.push(source, target, readonly, true);
                    placed._caches.push(lease);
                }
                What::Tmpfs(size) => {
                    let tmpfs = Tmpfs {
                        exec: true,
                        suid: true,
                        ..Tmpfs::of_size(*size)
                    };
                    placed.push(MountSource::Tmpfs(tmpfs), target, false, true);
                }
                What::Secret {
                    bytes,
                    mode,
                    owner,
                    env,
                    file,
                    ..
                } => {
                    let Some(bytes) = bytes else { continue };
                    if let Some(name) = env {
                        placed
                            .env
                            .push(format!("{name}={}", String::from_utf8_lossy(bytes)));
                    }
                    if *file {
                        let path = dir.join("secret");
                        write(&path, bytes, *mode, *owner).map_err(failed())?;
                        placed.push(MountSource::Engine(path), target, true, false);
                    }
                }
            }
        }
        if let Some(script) = &script.script {
            let path = desk.path.join("script");
            write(&path, script.content.as_bytes(), 0o755, (0, 0)).map_err(failed())?;
            // No mount point of the image's: /dev is not its own.
            placed.mounts.push(Mount {
                source: MountSource::Engine(path),
                target: script.path.clone().into(),
                readonly: true,
            });
        }
        Ok(placed)
    }
}

/// An overlay whose changes are thrown away.
fn overlay(dir: &Path, mut lowers: Vec<PathBuf>) -> io::Result<Rootfs> {
    let rootfs = |lowers| Rootfs {
        lowers,
        upper: dir.join("upper"),
        work: dir.join("work"),
    };
    for name in ["upper", "work", "none"] {
        fs::create_dir(dir.join(name))?;
    }
    if lowers.is_empty() {
        lowers.push(dir.join("none"));
    }
    Ok(rootfs(lowers))
}

fn is_directory(rootfs: &Rootfs, path: &str) -> Result<bool, Failure> {
    let image = mount_detached(rootfs).map_err(Failure::os("mount the image"))?;
    let found = paths::find_in(image.as_fd(), Path::new(path));
    let found = found.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::Wrong(format!(
            "failed to compute cache key: failed to calculate checksum of ref: {path:?}: not found"
        )),
        _ => Failure::os("find a mount's source")(error),
    })?;
    paths::is_dir(&found).map_err(Failure::os("look at a mount's source"))
}

fn write(path: &Path, bytes: &[u8], mode: u32, owner: (u32, u32)) -> io::Result<()> {
    let mut file = fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    chown(path, Some(owner.0), Some(owner.1))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7777))
}
