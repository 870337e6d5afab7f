//! What the sandbox uses of its memory, disk and processes.

use std::{fs, path::Path};

use crate::error::EngineError;

/// One reading.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub memory: u64,
    pub disk_used: u64,
    pub disk_limit: u64,
    pub inodes_used: u64,
    pub inodes_limit: u64,
    pub processes: u64,
}

/// Reads all meters. The disk is a tmpfs: what lies on it is memory too.
pub(super) fn read(data: &Path) -> Result<Meter, EngineError> {
    let disk = rustix::fs::statvfs(data)
        .map_err(|error| EngineError::os("measure the disk")(error.into()))?;
    let mut meter = Meter {
        disk_used: disk.f_blocks.saturating_sub(disk.f_bfree) * disk.f_frsize,
        disk_limit: disk.f_blocks * disk.f_frsize,
        inodes_used: disk.f_files.saturating_sub(disk.f_ffree),
        inodes_limit: disk.f_files,
        ..Meter::default()
    };
    meter.memory = meter.disk_used;
    let entries = fs::read_dir("/proc").map_err(EngineError::os("count the processes"))?;
    for entry in entries.flatten() {
        let is_process = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.bytes().all(|b| b.is_ascii_digit()));
        if is_process {
            meter.processes += 1;
            meter.memory += own_memory(&entry.path());
        }
    }
    Ok(meter)
}

/// Pages that belong to the process alone: resident ones without those of files.
fn own_memory(process: &Path) -> u64 {
    let text = fs::read_to_string(process.join("statm")).unwrap_or_default();
    let mut pages = text
        .split_ascii_whitespace()
        .map(|field| field.parse::<u64>().unwrap_or(0));
    let (resident, shared) = (pages.nth(1).unwrap_or(0), pages.next().unwrap_or(0));
    resident.saturating_sub(shared) * rustix::param::page_size() as u64
}
