//! The images that are there without anybody bringing them: made here, of what the host has or Debian gives.
//!
//! - [`hello`]: `hello-world`, a program made byte by byte ([`elf`]).
//! - `busybox`: `busybox`, of a static busybox that [`tools`] finds or fetches (`debian`, [`ar`]).
//! - [`files`]: a layer written from nothing; `image`: an image of it.
//!
//! The same parts always give the same image ids.

pub mod ar;
mod busybox;
mod debian;
pub mod elf;
pub mod files;
pub mod hello;
mod image;
pub mod tools;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use drydock_spec::ImageRef;
use rustix::fs::{FlockOperation, flock};

pub(crate) use self::busybox::add_programs;
use crate::{Store, StoreError};

/// Something that takes a while was begun; for the operator's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// A sentence without its full stop, `fetching Debian's package busybox-static`.
    pub message: &'a str,
}

/// A default image that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no static busybox.
    #[error(
        "no static busybox to be had: {tried}. Install one with `apt-get install busybox-static`, or put one at {keep_at}",
        keep_at = keep_at.display()
    )]
    NoBusybox {
        /// Where it was looked for, with what came of it.
        tried: String,
        /// Where one would be found.
        keep_at: PathBuf,
    },
    /// A program that is not what it should be.
    #[error("cannot use {path}: {reason}; remove it and start again", path = path.display())]
    BadTool {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Not in the catalogue.
    #[error("{0} is not among the images that lessons may use; add it to lessons/images.toml")]
    NotListed(ImageRef),
    /// None of its sources has it.
    #[error("{name} is to be had from none of its sources: {tried}")]
    NoSource {
        /// Which image.
        name: ImageRef,
        /// What each said.
        tried: String,
    },
    /// Neither x86-64 nor aarch64.
    #[error("no hello-world for this kind of machine: only x86_64 and aarch64 are known")]
    Machine,
    /// The operating system refused.
    #[error("could not {action} {path}: {source}", path = path.display())]
    Os {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Makes sure that the default images are in the store: `hello-world` and `busybox`. Quick when they are.
///
/// # Errors
/// When one of them cannot be had; the text says where it was looked for and what to do.
pub fn ensure_default_images(
    store: &Store,
    data_dir: &Path,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), ProvisionError> {
    let has = |name: &str| store.resolve(name).is_ok();
    if has("hello-world:latest") && has("busybox:latest") {
        return Ok(());
    }
    let _lock = lock(data_dir)?;
    // Somebody else may have been at it while we waited.
    if !has("hello-world:latest") {
        let id = hello::make(store)?;
        store.tag(&id, &name("hello-world", "latest")?)?;
    }
    if !has("busybox:latest") {
        let busybox = tools::busybox(data_dir, progress)?;
        let id = busybox::make(store, &busybox)?;
        store.tag(&id, &name("busybox", busybox.short_version())?)?;
        store.tag(&id, &name("busybox", "latest")?)?;
    }
    Ok(())
}

fn name(repository: &str, tag: &str) -> Result<ImageRef, ProvisionError> {
    Ok(ImageRef::new(repository, tag).map_err(StoreError::from)?)
}

/// One at a time: two servers that start together must not fetch the same things twice.
pub(crate) fn lock(data_dir: &Path) -> Result<File, ProvisionError> {
    let path = data_dir.join("provision.lock");
    let failed = |source| ProvisionError::Os {
        action: "lock",
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(data_dir).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    flock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    Ok(file)
}

#[cfg(test)]
mod tests;
