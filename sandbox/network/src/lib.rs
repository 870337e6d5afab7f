//! Bridges and veth pairs, by rtnetlink(7), inside a sandbox's network namespace.
//!
//! - [`endpoint`]: where a container sits on a bridge, as data.
//! - [`egress`]: the way out of a sandbox that has one: addresses, and those it never leads to.
//! - [`link`]: the links themselves. Synchronous: each call is a few microseconds of kernel work.
//!
//! Deliberately absent: deleting veth pairs. That waits 17–37 ms in the kernel; dropping the container's
//! network namespace lets the kernel do it later.

pub mod egress;
pub mod endpoint;
pub mod link;
mod netlink;

pub use endpoint::BridgeEndpoint;
