//! Two filters: one on the whole sandbox, for its life, and Docker's kind of allow-list on containers.

mod container;
mod sandbox;

pub use container::container_filter;
pub use sandbox::sandbox_filter;

use std::io;

use seccompiler::{BpfProgram, SeccompFilter, TargetArch};

/// A filter that could not be compiled is a fault of ours, never of input.
fn compile(filter: SeccompFilter) -> io::Result<BpfProgram> {
    filter.try_into().map_err(io::Error::other)
}

fn arch() -> io::Result<TargetArch> {
    std::env::consts::ARCH.try_into().map_err(io::Error::other)
}
