//! WORKDIR: a setting, and a directory.

use std::os::fd::AsFd as _;

use drydock_runtime::overlay;

use super::{error::Failure, inputs::Inputs, solve::Solver, stage::State, step::Doing};
use crate::build::{chown, tree};

impl Solver<'_> {
    /// One such step: `path` is expanded.
    pub(super) fn workdir(
        &self,
        doing: &Doing<'_>,
        state: &mut State,
        path: &str,
    ) -> Result<(), Failure> {
        let path = below(&state.run.working_dir, path);
        state.run.working_dir.clone_from(&path);
        if path == "/" {
            state.history(format!("WORKDIR {path}"), true);
            return Ok(());
        }
        let user = state.run.user.clone();
        let mut inputs = Inputs {
            text: format!("WORKDIR {path}"),
            parent: state.chain().bytes().to_vec(),
            ..Inputs::default()
        };
        if !user.is_empty() {
            inputs.settings.insert("user", user.clone());
        }
        self.layer(doing, state, inputs, |rootfs, _| {
            let image = overlay::mount_detached(rootfs).map_err(Failure::os("mount the image"))?;
            let owner = match user.as_str() {
                "" => (0, 0),
                user => chown::ids(image.as_fd(), user)
                    .map_err(|error| Failure::Wrong(error.to_string()))?,
            };
            Ok(tree::place::make_directory(image.as_fd(), &path, owner)?)
        })?;
        state.history(format!("WORKDIR {path}"), false);
        Ok(())
    }
}

/// Unlike the classic builder's, clean however it is written.
fn below(current: &str, requested: &str) -> String {
    if requested.starts_with('/') {
        return drydock_dockerfile::clean_path(requested);
    }
    drydock_dockerfile::clean_path(&format!("/{current}/{requested}"))
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn directories_are_clean_and_below_the_last_one() {
        assert_eq!(below("", "a"), "/a");
        assert_eq!(below("/a", "b/../c/"), "/a/c");
        assert_eq!(below("/a", "/b/../c"), "/c");
        assert_eq!(below("/a", ".."), "/");
    }
}
