//! WORKDIR: a config step that also makes the directory.

use std::{os::fd::AsFd as _, path::Path};

use drydock_runtime::{overlay, paths};

use super::{builder::Builder, error::BuildError, stage::Stage};

impl Builder<'_> {
    /// Makes `path`, which is relative to the last WORKDIR unless it is absolute.
    pub(super) fn workdir(&mut self, stage: &mut Stage, path: &str) -> Result<(), BuildError> {
        let mut run = stage.run.clone();
        run.working_dir = below(&run.working_dir, path);
        let created_by = format!(
            "{} #(nop) WORKDIR {}",
            stage.shell().join(" "),
            run.working_dir
        );
        let key = self.key(stage, &created_by, &run);
        if self.cached(stage, &key)? {
            return Ok(());
        }
        let id = self.say_container()?;
        stage.hold(&self.engine.store);
        let failed = BuildError::os("make the working directory");
        let layer = {
            let scratch = self
                .workspace
                .scratch()
                .map_err(BuildError::os("make a step's directory"))?;
            let rootfs = self.workspace.rootfs(&stage.layers, &scratch);
            overlay::mount_detached(&rootfs)
                .and_then(|root| paths::make_dirs_in(root.as_fd(), Path::new(&run.working_dir)))
                .map_err(failed)?;
            self.layer(stage, &scratch)?
        };
        self.say_removed(&id)?;
        self.commit(stage, run, created_by, layer, key)
    }
}

/// Docker cleans a relative path and leaves an absolute one as it is.
pub(crate) fn below(current: &str, requested: &str) -> String {
    if requested.starts_with('/') {
        return requested.into();
    }
    drydock_dockerfile::clean_path(&format!("/{current}/{requested}"))
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_relative_directory_is_below_the_last_one() {
        assert_eq!(below("", "a"), "/a");
        assert_eq!(below("/a", "b/../c"), "/a/c");
        assert_eq!(below("/a", "/b"), "/b");
        assert_eq!(below("/a", ".."), "/");
    }
}
