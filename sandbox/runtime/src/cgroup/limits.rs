//! A sandbox's limits.

use serde::{Deserialize, Serialize};

/// What one sandbox may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the learner's processes.
    pub memory: u64,
    /// Bytes of the learner's storage: it is memory too.
    pub storage: u64,
    /// Files and directories of the learner's storage.
    pub inodes: u64,
    /// Processes and threads of the learner.
    pub pids: u64,
    /// Processor time, in hundredths of a core.
    pub cpu_percent: u64,
}

/// Bytes kept for the engine itself, beside the learner's memory and storage.
pub const ENGINE_RESERVE: u64 = 128 << 20;
/// Processes kept for the engine and its helpers.
pub const ENGINE_PIDS: u64 = 64;

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            storage: 512 << 20,
            inodes: 100_000,
            pids: 256,
            cpu_percent: 100,
        }
    }
}

impl Limits {
    /// Bytes that the learner's group may hold: a page of storage is charged to the process that wrote
    /// it, and a full storage must answer "no space left" before the kernel kills the writer.
    #[must_use]
    pub fn learner_memory(&self) -> u64 {
        self.memory + self.storage
    }

    /// Bytes that the whole sandbox may hold.
    #[must_use]
    pub fn outer_memory(&self) -> u64 {
        self.learner_memory() + ENGINE_RESERVE
    }
}
