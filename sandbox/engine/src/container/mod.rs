//! Containers.
//!
//! - [`record`]: what a container is. [`state`]: where it is in its life. [`registry`]: all of them, by id and name.
//! - [`create`]: from the request to a record. [`spec`]: from the record to what the runtime starts.
//! - [`life`]: start, watch, stop, remove; one change at a time for each container, never cut short by a client.
//! - [`health`]: whether it does what it is there for.
//! - [`limits`]: what it may use. [`stats`]: what it uses.
//! - [`streams`]: output to everybody attached, input from them. [`log`]: the bounded past of the output.
//! - [`attach`]: a client on those streams. [`detach_keys`]: how it leaves without ending anything.
//! - [`archive`]: its files from outside: `docker cp`, `export`, `diff`.
//! - [`inspect`], [`summary`], [`top`]: what is told about it.

pub(crate) mod archive;
pub(crate) mod attach;
pub(crate) mod create;
pub(crate) mod detach_keys;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod inspect;
pub(crate) mod life;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod names;
pub(crate) mod namespaces;
mod port_filter;
pub(crate) mod record;
pub(crate) mod registry;
pub(crate) mod spec;
pub(crate) mod state;
pub(crate) mod stats;
pub(crate) mod streams;
pub(crate) mod summary;
pub(crate) mod top;

pub(crate) use record::Container;
pub(crate) use registry::Registry;
pub(crate) use state::State;
