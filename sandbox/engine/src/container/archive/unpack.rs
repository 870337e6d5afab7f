//! A tar stream into a container's files.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use drydock_runtime::paths;
use rustix::fs::OFlags;

use super::{
    super::Container,
    Files,
    path::{Place, follow},
};
use crate::{
    build::{
        decompress,
        tree::{
            self,
            untar::{self, Limits, Owner, UntarError},
        },
    },
    error::EngineError,
    image::tar_words,
    wire::mount::{MountKind, MountPoint},
};

/// No passwd file is larger.
const MAX_PASSWD: u64 = 1 << 20;

/// What `docker cp` asks for.
#[derive(Debug, Clone)]
pub(crate) struct UnpackOptions {
    /// The directory, as it is written.
    pub path: String,
    /// What is a directory stays one, and the other way round.
    pub keeps_kinds: bool,
    /// The files become the container's user's.
    pub copy_ids: bool,
    /// The container, as the client calls it.
    pub called: String,
}

/// Where an archive goes, and whose its files become.
#[derive(Debug)]
pub(crate) struct Target {
    base: PathBuf,
    owner: Owner,
    keeps_kinds: bool,
}

/// Finds the directory, and refuses what cannot be written.
pub(crate) fn target(
    files: &Files,
    container: &Container,
    options: &UnpackOptions,
) -> Result<Target, EngineError> {
    let missing = || EngineError::NoSuchFile {
        path: options.path.clone(),
        container: options.called.clone(),
    };
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => missing(),
        std::io::ErrorKind::NotADirectory => {
            EngineError::Failed("extraction point is not a directory".into())
        }
        _ => EngineError::os("find the directory")(error),
    };
    let root = files.root();
    let base = follow(root, &Place::parse(&options.path).path()).map_err(failed)?;
    paths::open_in(root, &base, OFlags::PATH | OFlags::DIRECTORY).map_err(failed)?;
    check_writable(container, &Path::new("/").join(&base))?;
    let owner = match container.config.user.as_str() {
        user if options.copy_ids && !user.is_empty() => owner(files, user)?,
        _ => Owner::Archive,
    };
    Ok(Target {
        base,
        owner,
        keeps_kinds: options.keeps_kinds,
    })
}

/// The kernel would refuse it too, file by file; Docker says it before.
fn check_writable(container: &Container, path: &Path) -> Result<(), EngineError> {
    let over = |point: &&MountPoint| {
        point.kind != MountKind::Tmpfs && path.starts_with(&point.destination)
    };
    let point = container
        .mounts
        .iter()
        .filter(over)
        .max_by_key(|point| point.destination.len());
    match point {
        Some(point) if !point.rw => Err(EngineError::Failed(
            "mounted volume is marked read-only".into(),
        )),
        None if container.host.readonly_rootfs => Err(EngineError::Failed(
            "container rootfs is marked read-only".into(),
        )),
        _ => Ok(()),
    }
}

/// The container's user, by its own passwd: the ids that `-a` gives.
fn owner(files: &Files, user: &str) -> Result<Owner, EngineError> {
    let name = user.split(':').next().unwrap_or(user);
    let passwd = tree::read(files.root(), Path::new("etc/passwd"), MAX_PASSWD).unwrap_or_default();
    let passwd = String::from_utf8_lossy(&passwd);
    let ids = passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let named = fields.first() == Some(&name) || fields.get(2) == Some(&name);
        let number = |index: usize| fields.get(index)?.parse().ok();
        named.then(|| Some((number(2)?, number(3)?)))?
    });
    match (ids, name.parse()) {
        (Some((uid, gid)), _) => Ok(Owner::Fixed(uid, gid)),
        (None, Ok(uid)) => Ok(Owner::Fixed(uid, uid)),
        (None, Err(_)) => Err(EngineError::Failed(format!("user: unknown user {name}"))),
    }
}

/// Unpacks the archive, compressed or not.
pub(crate) fn unpack(files: &Files, target: &Target, stream: impl Read) -> Result<(), EngineError> {
    let place = untar::Place {
        root: files.root(),
        base: &target.base,
        strict: true,
        keeps_kinds: target.keeps_kinds,
    };
    let plain = decompress::plain(stream).map_err(|error| failed(&error.to_string()))?;
    untar::unpack_at(plain, place, target.owner, Limits::default())
        .map_err(|error| words(error, &target.base))
}

/// As Docker words what its unpacking process has said.
fn failed(reason: &str) -> EngineError {
    EngineError::Failed(format!(
        "Error processing tar file(exit status 1): {reason}"
    ))
}

fn words(error: UntarError, base: &Path) -> EngineError {
    match error {
        UntarError::Os { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
            EngineError::os("unpack the archive")(source)
        }
        UntarError::Escapes(name) => failed(&format!(
            "{name:?} is outside of {:?}",
            Path::new("/").join(base)
        )),
        UntarError::Os { name, source } => {
            let path = Path::new("/").join(base).join(name.trim_start_matches('/'));
            failed(&format!("{}: {}", path.display(), reason(&source)))
        }
        UntarError::Tar(error) => EngineError::Failed(tar_words(&error)),
        other => failed(&other.to_string()),
    }
}

/// The kernel's words, as Go writes them.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    words.to_lowercase()
}
