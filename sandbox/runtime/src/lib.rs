//! Namespaces, mounts, cgroups, seccomp and PTYs: how a sandbox and the containers inside it come to be.
//!
//! - [`sandbox`]: host side. One learner's machine, from an id range to the engine as its first process.
//! - [`egress`]: host side. A sandbox's way out, where the operator allows one.
//! - [`launch`]: engine side. Containers, execs and the workstation, each started by a single-threaded helper.
//! - [`container`]: what to start, as data. [`process`]: what runs, as pidfds.
//! - [`overlay`], [`capability`], [`seccomp`], [`cgroup`], [`paths`]: one kernel facility each.
//! - [`sys`]: the only room with `unsafe`.
//!
//! `README.md` beside this crate lists the steps of both starts in the order the kernel needs them.
//!
//! Deliberately absent: images, the Docker API, and any walk over a learner's tree from outside its namespaces.

pub mod capability;
pub mod cgroup;
pub mod container;
pub mod egress;
pub mod entry;
mod init;
pub mod launch;
pub mod overlay;
pub mod paths;
pub mod process;
pub mod sandbox;
pub mod seccomp;
#[allow(unsafe_code)]
pub mod sys;
pub mod wire;
