//! How a sandbox comes to be, on the host. Three processes, one after the other:
//!
//! - [`builder`], as whom the server runs: joins the outer cgroup, splits off a mount namespace, lays out the
//!   sandbox's root ([`root`]) with the store mounted read-only.
//! - [`owner`], as the sandbox's own id: makes the user namespace, then all others.
//! - [`engine`], the first process inside: mounts what is the sandbox's own, locks the door, executes the engine.
//!
//! The order matters: mounts made by the builder belong to a more privileged namespace, so the sandbox's
//! root can neither detach them nor make them writable (mount_namespaces(7), "locked").

mod builder;
mod engine;
mod ids;
mod owner;
mod plan;
mod powers;
mod root;

pub use builder::main as builder_main;
pub use ids::{IdRange, RANGE};
pub use plan::{
    BuildError, BuildReport, CONTROL_FD, EngineSettings, FIRST_CGROUP_FD, Layout, SandboxPlan,
};
