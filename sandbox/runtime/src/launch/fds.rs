//! What the engine hands to a helper, beside the request.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::{Donors, Stdio, message::Role};
use crate::{
    cgroup::{ContainerGroup, Delegation},
    container::{ProcessSpec, Reach},
};

/// Descriptors with their roles.
#[derive(Default)]
pub struct Fds<'fd>(Vec<(Role, BorrowedFd<'fd>)>);

impl<'fd> Fds<'fd> {
    pub fn push(&mut self, role: Role, fd: BorrowedFd<'fd>) {
        self.0.push((role, fd));
    }

    /// The roles and the descriptors, each in the same order.
    pub fn unzip(&self) -> (Vec<Role>, Vec<BorrowedFd<'fd>>) {
        self.0.iter().copied().unzip()
    }

    pub fn powers(&mut self, namespace: Option<&'fd OwnedFd>, process: &ProcessSpec) {
        if let (Reach::Container, Some(namespace)) = (process.reach, namespace) {
            self.push(Role::Powers, namespace.as_fd());
        }
    }

    pub fn donors(&mut self, donors: Donors<'fd>) {
        let roles = [(Role::PidDonor, donors.pid), (Role::IpcDonor, donors.ipc)];
        let given = roles
            .into_iter()
            .filter_map(|(role, donor)| Some((role, donor?)));
        self.0.extend(given);
    }

    /// The helper's own processes count as the workstation's: a container's limit of processes may be one. What
    /// it makes for the container, mounts and a network, is the container's memory where the two can be told apart.
    pub fn groups(&mut self, given: &'fd Delegation, group: Option<&'fd ContainerGroup>) {
        let own = group.map_or(&[][..], ContainerGroup::places);
        let first = match group {
            Some(group) => group.places_of_helper(),
            None => given.places().iter().collect(),
        };
        self.0
            .extend(first.into_iter().map(|dir| (Role::Cgroup, dir.as_fd())));
        self.0
            .extend(own.iter().map(|dir| (Role::OwnCgroup, dir.as_fd())));
    }

    pub fn stdio(&mut self, stdio: &'fd Stdio) {
        let streams = [
            (Role::Stdin, &stdio.stdin),
            (Role::Stdout, &stdio.stdout),
            (Role::Stderr, &stdio.stderr),
        ];
        for (role, stream) in streams {
            if let Some(fd) = stream {
                self.push(role, fd.as_fd());
            }
        }
    }
}
