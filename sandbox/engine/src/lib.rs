//! The Docker engine inside a sandbox: the Engine API over two unix sockets, and the life of what it names.
//!
//! - `engine`: the state that everything shares. [`config`]: what the starter of a sandbox decides.
//! - [`borders`]: where the bytes of others come in, for fuzzing.
//! - [`entry`]: from a fresh process to two open doors. `doors`: listeners, connections, when to end.
//! - `router`: every URL, one line each. `routes`: one file per noun; they translate, nothing else.
//! - `container`, `exec`, `image`, `volume`, `network`, `build`: the lives of Docker's nouns.
//! - `registry`: pulls and pushes, which the sandbox's keeper does for it, and a registry on the workstation.
//! - `terminal`: the learner's shells, which outlive a page reload and a server restart.
//! - `wire`: the JSON that goes out, field by field as Docker sends it.
//! - `http`: bodies in, streams out, raw connections.
//!
//! Deliberately absent: namespaces and mounts (see `drydock-runtime`), and anything that outlives the sandbox:
//! all records are in memory, all files on the sandbox's own tmpfs.

pub mod borders;
pub mod config;
pub mod entry;

pub(crate) mod activity;
pub(crate) mod build;
mod builder;
pub(crate) mod clock;
pub(crate) mod container;
pub(crate) mod doors;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod events;
pub(crate) mod exec;
pub(crate) mod filters;
pub(crate) mod http;
pub(crate) mod image;
pub(crate) mod moment;
pub(crate) mod network;
pub(crate) mod process;
pub(crate) mod registry;
pub(crate) mod router;
pub(crate) mod routes;
pub(crate) mod signals;
pub(crate) mod terminal;
pub(crate) mod volume;
pub(crate) mod wire;

pub use config::EngineConfig;
pub(crate) use engine::Engine;
pub use entry::{Inherited, main};
