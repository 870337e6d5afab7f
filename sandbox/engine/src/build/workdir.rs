//! WORKDIR: a config step that also makes the directory.

use std::os::fd::AsFd as _;

use drydock_runtime::overlay;

use super::{builder::Builder, error::BuildError, stage::Stage, tree};

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
            let root = overlay::mount_detached(&rootfs).map_err(failed)?;
            tree::place::make_directory(root.as_fd(), &run.working_dir, (0, 0)).map_err(
                |error| BuildError::Copy {
                    instruction: "WORKDIR",
                    reason: error.into(),
                },
            )?;
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
