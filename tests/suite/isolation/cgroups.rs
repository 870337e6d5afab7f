//! What a container sees of control groups.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::need::needs;
use crate::harness::unique;

use super::{MOST, Sandbox};

/// The directory that holds memory's limit: v1 has one for each controller.
const MEMORY: &str = "cd /sys/fs/cgroup; [ -d memory ] && cd memory;";

#[test]
fn a_container_sees_its_own_control_groups_and_no_others() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let other = sandbox
        .docker
        .good(&["run", "-d", "busybox", "sleep", "1000"]);
    let run = |options: &[&str], script: &str| {
        let words = [&["run", "--rm"], options, &["busybox", "sh", "-c", script]].concat();
        sandbox.docker.run(&words)
    };
    let limit = format!("{MEMORY} cat memory.limit_in_bytes memory.max 2>/dev/null");
    assert_eq!(run(&["-m", "32m"], &limit).stdout.trim(), "33554432");
    for options in [&["-m", "32m"], MOST] {
        let all = run(options, "find /sys/fs/cgroup").good();
        assert!(all.contains("cgroup.procs"), "{all}");
        let foreign = [other.trim(), "learner", "workstation", "drydock"];
        assert!(!foreign.iter().any(|name| all.contains(name)), "{all}");
        // One group in each hierarchy, with nothing below.
        let groups = all.lines().filter(|line| line.ends_with("/cgroup.procs"));
        let deepest = groups.map(|line| line.matches('/').count()).max();
        assert!(deepest.is_some_and(|deepest| deepest <= 5), "{all}");
        let up = run(options, &format!("{MEMORY} cd ..; cat cgroup.procs")).stdout;
        assert_eq!(up, "");
        let strangers = "cat $(find /sys/fs/cgroup -name cgroup.procs) | sort -u \
            | while read pid; do [ -d /proc/$pid ] || echo $pid; done | grep -c '^0'";
        assert_eq!(run(options, strangers).stdout.trim(), "0");
    }
}

/// A group of the host's in every tree that it has; gone with the test.
struct Canary(Vec<PathBuf>);

impl Canary {
    fn new(name: &str) -> Self {
        let root = Path::new("/sys/fs/cgroup");
        let trees = fs::read_dir(root).unwrap().flatten().map(|e| e.path());
        let is_tree = |dir: &PathBuf| dir.join("cgroup.procs").exists();
        let groups = trees.chain([root.into()]).filter(is_tree);
        let groups: Vec<_> = groups.map(|tree| tree.join(name)).collect();
        let made = groups.iter().filter(|group| fs::create_dir(group).is_ok());
        Self(made.cloned().collect())
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        for group in &self.0 {
            let _ = fs::remove_dir(group);
        }
    }
}

#[test]
fn no_tree_that_can_be_mounted_shows_the_hosts_groups() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let name = unique("canary");
    let canary = Canary::new(&name);
    assert!(!canary.0.is_empty(), "the host has no groups");
    let script = "mkdir /c; cut -d: -f2 /proc/self/cgroup | while read tree; do \
        d=/c/$(echo $tree | tr , _)_; mkdir $d; \
        case $tree in '') mount -t cgroup2 none $d;; name=*) mount -t cgroup -o none,$tree none $d;; \
        *) mount -t cgroup -o $tree none $d;; esac; done 2>/dev/null; find /c";
    let words = [&["run", "--rm"], MOST, &["busybox", "sh", "-c", script]].concat();
    let seen = sandbox.docker.good(&words);
    assert!(seen.contains("cgroup.procs"), "nothing was mounted: {seen}");
    assert!(!seen.contains(&name), "{seen}");
}

#[test]
fn a_container_changes_nothing_of_its_control_groups() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    for tried in [
        "echo max > memory.max",
        "echo -1 > memory.limit_in_bytes",
        "echo 0 > cgroup.procs",
        "mkdir below",
        "mkdir /sys/fs/cgroup/below",
        "mount -o remount,rw,bind . ",
        "umount .",
    ] {
        let script = format!("{MEMORY} {tried}");
        let words = ["run", "--rm", "-m", "32m", "busybox", "sh", "-c", &script];
        let said = sandbox.docker.run(&words);
        assert_ne!(said.code, 0, "{tried} was allowed");
    }
}
