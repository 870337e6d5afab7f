//! What is on disk of a sandbox, in `run/ID/`: enough for a restarted server to find it again.
//!
//! `record.json` · `control.sock` (door 2) · `lock` (held by the engine as long as it lives) · `engine.log` ·
//! `root` (where the builder, unseen by the host, lays out the sandbox's root)

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use drydock_runtime::cgroup::{Group, Limits};
use drydock_spec::SandboxId;
use serde::{Deserialize, Serialize};

/// Version of the control protocol and of this file. A server leaves records of other versions alone and
/// their sandboxes to their idle time.
pub const PROTOCOL: u32 = 1;

/// A sandbox as its server knew it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// Its id.
    pub id: SandboxId,
    /// Who keeps it: a server finds its own again, and none of a `drydock shell`.
    pub kept_by: KeptBy,
    /// Whose it is, in the keeper's words.
    pub owner: String,
    /// What it is for.
    pub lesson: Option<String>,
    /// Unix time in milliseconds.
    pub started_ms: u64,
    /// Unix time in seconds.
    pub ends_at: u64,
    /// The engine's process, by number and start time: numbers are used again.
    pub engine: Process,
    /// What it may use.
    pub limits: Limits,
    /// Its cgroups.
    pub cgroup: Group,
}

/// Who keeps a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeptBy {
    /// A server: it outlives a restart.
    Server,
    /// One process: it ends with that.
    Process,
}

/// A process that is still the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number on the host.
    pub pid: i32,
    /// Clock ticks from boot to its start; proc_pid_stat(5), field 22.
    pub started: u64,
}

impl Process {
    /// Notes who `pid` is now.
    pub fn note(pid: i32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name, in parentheses, may hold spaces and parentheses itself.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let started = fields
            .split_whitespace()
            .nth(19)
            .and_then(|field| field.parse().ok());
        Ok(Self {
            pid,
            started: started.ok_or(io::ErrorKind::InvalidData)?,
        })
    }
}

/// The files of one sandbox.
#[derive(Debug, Clone)]
pub struct Dir(PathBuf);

impl Dir {
    pub fn new(run: &Path, id: SandboxId) -> Self {
        Self(run.join(id.to_string()))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub fn log(&self) -> PathBuf {
        self.0.join("engine.log")
    }

    pub fn mount_point(&self) -> PathBuf {
        self.0.join("root")
    }

    fn record(&self) -> PathBuf {
        self.0.join("record.json")
    }

    /// Whole or not at all.
    pub fn write(&self, record: &Record) -> io::Result<()> {
        let new = self.0.join("record.new");
        fs::write(&new, serde_json::to_vec(record)?)?;
        fs::rename(new, self.record())
    }

    pub fn read(&self) -> io::Result<Record> {
        let record: Record = serde_json::from_slice(&fs::read(self.record())?)?;
        if record.protocol == PROTOCOL {
            Ok(record)
        } else {
            Err(io::ErrorKind::Unsupported.into())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_start() {
        let own = Process::note(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(own.started > 0);
        assert_ne!(own.started, Process::note(1).unwrap().started);
    }
}
