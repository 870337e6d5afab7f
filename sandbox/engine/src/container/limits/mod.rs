//! What a container may use: checked as Docker checks it, and said to the kernel.
//!
//! - [`check`]: Docker's rules for the values, and its warnings. [`cpuset`]: lists of processors.
//! - [`plan`]: from `HostConfig` to what the runtime writes. [`merge`]: what `docker update` makes of both.

mod check;
mod cpuset;
mod merge;
mod plan;

pub(crate) use check::{Host, check, check_at_start};
pub(crate) use merge::merge;
pub(crate) use plan::resources;
