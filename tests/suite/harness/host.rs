//! What the host can see of a sandbox: everything. Read from `/proc`, without help from the program under test.

use std::collections::HashMap;
use std::fs;

use super::{PATIENCE, wait};

/// Waits for the process that has exactly `word` as one of its arguments.
#[track_caller]
pub fn process_with_argument(word: &str) -> i32 {
    wait::until(&format!("a process with argument {word}"), PATIENCE, || {
        find_process(word)
    })
}

/// The process that has exactly `word` as its last argument, if there is one.
pub fn find_process(word: &str) -> Option<i32> {
    pids().into_iter().find(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line
            .split(|&byte| byte == 0)
            .filter(|word| !word.is_empty())
            .collect();
        // `sleep 5`, not the `docker run busybox sleep 5` that asked for it.
        words.len() == 2 && words[1] == word.as_bytes() && words[0].ends_with(b"sleep")
    })
}

/// The engine of the sandbox in which `pid` runs: the first process of the outermost nested pid namespace.
#[track_caller]
pub fn engine_of(pid: i32) -> i32 {
    let mut at = pid;
    while at > 1 {
        let nested = status_words(at, "NSpid:");
        if nested.len() == 2 && nested[1] == "1" {
            return at;
        }
        at = status_words(at, "PPid:")
            .first()
            .and_then(|word| word.parse().ok())
            .unwrap_or(0);
    }
    panic!("process {pid} is in no sandbox");
}

/// The engine's process and all processes below it.
pub fn sandbox_processes(engine: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for pid in pids() {
        let parent = status_words(pid, "PPid:")
            .first()
            .and_then(|word| word.parse().ok());
        children.entry(parent.unwrap_or(0)).or_default().push(pid);
    }
    let mut all = vec![engine];
    let mut next = 0;
    while let Some(&pid) = all.get(next) {
        all.extend(children.remove(&pid).unwrap_or_default());
        next += 1;
    }
    all
}

/// Host ids `(first, count)` that the process's user namespace uses.
pub fn uid_ranges(pid: i32) -> Vec<(u64, u64)> {
    let map = fs::read_to_string(format!("/proc/{pid}/uid_map")).unwrap();
    let numbers = map.lines().map(|line| {
        line.split_whitespace()
            .map(|word| word.parse::<u64>().unwrap())
            .collect()
    });
    numbers.map(|line: Vec<u64>| (line[1], line[2])).collect()
}

/// The words after `key` in the process's status.
pub fn status_words(pid: i32, key: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// Memory that only these processes hold, in bytes. It counts a program's file as long as nobody else runs the same.
pub fn private_memory(pids: &[i32]) -> u64 {
    rolled_up(pids, &["Private_Clean:", "Private_Dirty:"])
}

/// Memory of these processes behind which there is no file, in bytes.
pub fn anonymous_memory(pids: &[i32]) -> u64 {
    rolled_up(pids, &["Anonymous:"])
}

/// The sum of what `/proc/[pid]/smaps_rollup` says by these names; see proc(5).
fn rolled_up(pids: &[i32], names: &[&str]) -> u64 {
    let of = |pid: &i32| {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let lines = rollup
            .lines()
            .filter(|line| names.iter().any(|name| line.starts_with(name)));
        lines
            .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
            .sum::<u64>()
            * 1024
    };
    pids.iter().map(of).sum()
}

fn pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}
