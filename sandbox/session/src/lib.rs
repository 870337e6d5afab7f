//! Sandboxes from the host's side: starts, finds, watches and ends them.
//!
//! - [`Sessions`]: all of one data directory's. [`Sandbox`]: one of them.
//! - `start`: from a request to an engine that answers. `record`: what is on disk, so that a restarted
//!   server finds its sandboxes again. `reap`: what a dead sandbox leaves behind.
//! - `ids`: which id ranges are taken. [`mapped`]: the user namespace of a server that is an ordinary user.
//! - `errands`: work at registries, which sandboxes have done for them.
//! - [`host`]: the data directory. [`doctor`]: what this host lacks.
//!
//! Deliberately absent: the engine. It is started as a program, by name, and spoken to on its control socket.

pub mod doctor;
mod egress;
mod errands;
mod error;
pub mod host;
mod ids;
mod lock;
pub mod mapped;
mod reap;
mod record;
mod sandbox;
mod sessions;
mod start;
mod subid;

pub use drydock_runtime::cgroup::Limits;
pub use errands::{
    helper::NAME as ERRAND,
    policy::{BadPattern, Pattern, RegistryPolicy},
};
pub use error::SessionError;
pub use sandbox::{Containers, Health, Meter, Sandbox};
pub use sessions::{Role, Sessions, SessionsConfig, StartRequest};
