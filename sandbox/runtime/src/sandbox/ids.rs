//! Ranges of user and group ids.

use serde::{Deserialize, Serialize};

/// Ids in one range: 0 to 65,535 inside.
pub const RANGE: u32 = 65_536;

/// The ids of one sandbox, on the side of whoever builds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdRange {
    /// What id 0 inside is outside.
    pub base: u32,
}

impl IdRange {
    /// The line of `uid_map` and `gid_map`; user_namespaces(7).
    #[must_use]
    pub fn map_line(self) -> String {
        format!("0 {} {RANGE}\n", self.base)
    }
}
