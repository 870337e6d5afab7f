//! The JSON that goes out, field by field and in the order in which Docker sends it: `null` where Go has a nil slice,
//! `[]` where it has an empty one.

pub(crate) mod container;
pub(crate) mod host_config;
pub(crate) mod mount;
pub(crate) mod network;
pub(crate) mod stats;

pub(crate) use drydock_image::config::RunConfig;
pub(crate) use host_config::HostConfig;
