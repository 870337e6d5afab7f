//! The helper's work for one more process in a running container.

use nix::sched::{CloneFlags, setns};

use super::{
    LaunchError,
    first::{Entered, become_program},
    helper::Given,
    message::Role,
    powers,
};
use crate::container::ExecSpec;

/// All but the cgroups', which are entered after the groups themselves are joined.
const ALL: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWUTS);

/// Starts a process beside the target's first one, in all of its namespaces.
pub fn start(given: &Given, spec: &ExecSpec) -> Result<(), LaunchError> {
    if !spec.process.cwd.starts_with('/') {
        return Err(LaunchError::RelativeCwd);
    }
    given.join_cgroups()?;
    let target = given.required(Role::Target)?;
    setns(target, ALL).map_err(|e| LaunchError::init("entering the container", &e.into()))?;
    powers::enter(given, spec.process.reach)?;
    given.clone_sibling(CloneFlags::empty(), || {
        let joined = given.join_own_cgroups().and_then(|()| {
            setns(target, CloneFlags::CLONE_NEWCGROUP)
                .map_err(|e| LaunchError::init("entering the container", &e.into()))
        });
        match joined.and_then(|()| become_program(given, &spec.process, Entered::Joined)) {
            Ok(never) => match never {},
            Err(error) => error,
        }
    })
}
