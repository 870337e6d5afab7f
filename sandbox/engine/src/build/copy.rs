//! COPY and ADD: sources found, hashed for the cache, then copied into an overlay whose upper becomes the layer.

use std::{
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::Path,
};

use drydock_dockerfile::{Copy, clean_path};
use drydock_runtime::overlay;

use super::{
    builder::Builder,
    chown,
    error::{BuildError, CopyError},
    stage::Stage,
    tree::{
        dress::Dress,
        find::{self, FindError, Source},
        hash,
        place::{Conflicts, Target},
    },
};

impl Builder<'_> {
    /// One such step; `instruction` is COPY or ADD.
    pub(super) fn copy(
        &mut self,
        stage: &mut Stage,
        instruction: &'static str,
        copy: &Copy,
    ) -> Result<(), BuildError> {
        if copy.chmod.is_some() {
            return Err(BuildError::BuildKit("chmod"));
        }
        let other = copy
            .from
            .as_deref()
            .map(|from| self.copy_from(from))
            .transpose()?;
        let own = self
            .workspace
            .context()
            .try_clone_to_owned()
            .map_err(BuildError::os("open the build context"))?;
        let root = other.unwrap_or(own);
        let failed = |reason| BuildError::Copy {
            instruction,
            reason,
        };
        let sources = sources(root.as_fd(), instruction, copy).map_err(failed)?;
        if sources.len() > 1 && !copy.destination.ends_with('/') {
            return Err(BuildError::ManySources(instruction));
        }
        let content =
            hash::of_sources(root.as_fd(), &sources).map_err(|error| failed(error.into()))?;
        let chown = copy.chown.as_ref().map(|value| format!("--chown={value}"));
        let created_by = format!(
            "{} #(nop) {instruction} {}{content} in {} ",
            stage.shell().join(" "),
            chown.unwrap_or_default(),
            copy.destination,
        );
        let run = stage.run.clone();
        let key = self.key(stage, &created_by, &run);
        if self.cached(stage, &key)? {
            return Ok(());
        }
        stage.hold(&self.engine.store);
        let scratch = self
            .workspace
            .scratch()
            .map_err(BuildError::os("make a step's directory"))?;
        {
            let rootfs = self.workspace.rootfs(&stage.layers, &scratch);
            let image =
                overlay::mount_detached(&rootfs).map_err(BuildError::os("mount the image"))?;
            let path = destination(&run.working_dir, &copy.destination);
            let dress = dress(image.as_fd(), copy)?;
            let target = Target {
                root: image.as_fd(),
                path: &path,
                dress: &dress,
                conflicts: Conflicts::Replace,
            };
            for source in &sources {
                self.cancel.check()?;
                match instruction {
                    "ADD" => target.add(root.as_fd(), source),
                    _ => target.copy(root.as_fd(), source),
                }
                .map_err(|error| failed(error.into()))?;
            }
        }
        let layer = self.layer(stage, &scratch)?;
        self.commit(stage, run, created_by, layer, key)
    }

    /// The file system that `--from` names: an earlier stage by name or number, or an image.
    fn copy_from(&mut self, from: &str) -> Result<OwnedFd, BuildError> {
        let failed = |reason: String| BuildError::From {
            name: from.into(),
            reason,
        };
        let layers = match self.finished(from) {
            Some(stage) => stage.layers.clone(),
            None if from.parse::<i64>().is_ok() => {
                return Err(failed("index out of bounds".into()));
            }
            None => {
                let id = self.image(from).map_err(|error| failed(error.message()))?;
                Stage::from(&self.engine.store, &id)?.layers
            }
        };
        let scratch = self
            .workspace
            .scratch()
            .map_err(BuildError::os("make a step's directory"))?;
        overlay::mount_detached(&self.workspace.rootfs(&layers, &scratch))
            .map_err(BuildError::os("mount the image to copy from"))
    }
}

fn sources(root: BorrowedFd<'_>, instruction: &str, copy: &Copy) -> Result<Vec<Source>, CopyError> {
    let mut sources = Vec::new();
    for written in &copy.sources {
        if instruction == "ADD" && is_remote(written) {
            return Err(CopyError::Remote(written.clone()));
        }
        let found = find::find(root, written).map_err(|error| match (&error, &copy.from) {
            (FindError::Missing(_), None) => CopyError::NotInContext(error),
            _ => CopyError::Find(error),
        })?;
        sources.extend(found);
    }
    if sources.is_empty() {
        return Err(CopyError::NoSources);
    }
    Ok(sources)
}

/// Files of the context are root's, those of another stage stay whose they are; `--chown` says otherwise.
fn dress(image: BorrowedFd<'_>, copy: &Copy) -> Result<Dress, BuildError> {
    let owner = copy.chown.as_deref().map(|text| chown::ids(image, text));
    Ok(Dress {
        owner: owner.transpose()?,
        mode: None,
    })
}

/// Whether a source is on the network.
pub(crate) fn is_remote(source: &str) -> bool {
    let schemes = ["http://", "https://", "git@", "git://"];
    schemes.iter().any(|scheme| source.starts_with(scheme))
}

/// Below the working directory unless absolute; a slash at the end, which means a directory, is kept.
fn destination(working_dir: &str, written: &str) -> String {
    if Path::new(written).is_absolute() {
        return written.into();
    }
    let mut path = clean_path(&format!("/{working_dir}/{written}"));
    if written.ends_with('/') && path != "/" {
        path.push('/');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::destination;

    #[test]
    fn destinations_are_below_the_working_directory_unless_absolute() {
        assert_eq!(destination("/w", "a"), "/w/a");
        assert_eq!(destination("/w", "a/"), "/w/a/");
        assert_eq!(destination("", "."), "/");
        assert_eq!(destination("/w", "./"), "/w/");
        assert_eq!(destination("/w", "/x/"), "/x/");
    }
}
