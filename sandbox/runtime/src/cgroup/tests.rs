//! The interfaces of both versions, on directories that look like theirs.

use std::{
    fs::{self, File},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use super::*;

/// A directory that goes when the test ends.
struct Fake(PathBuf);

impl Fake {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "drydock-cgroup-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn put(&self, group: &str, files: &[(&str, &str)]) {
        let dir = self.0.join(group);
        fs::create_dir_all(&dir).unwrap();
        for (file, text) in files {
            fs::write(dir.join(file), text).unwrap();
        }
    }

    fn get(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    fn fd(&self) -> OwnedFd {
        open(&self.0)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(dir: &Path) -> OwnedFd {
    File::open(dir).unwrap().into()
}

/// As the kernel fills a new group of v2.
const V2: &[(&str, &str)] = &[
    ("memory.max", "max"),
    ("memory.swap.max", "max"),
    ("cpu.max", "max 100000"),
    ("cpu.weight", "100"),
    ("pids.max", "max"),
    ("cpuset.cpus", ""),
    ("cpuset.cpus.effective", "0-3\n"),
    ("cpuset.mems.effective", "0\n"),
    ("cgroup.freeze", "0"),
];

fn v2() -> (Fake, Arc<Delegation>) {
    let fake = Fake::new();
    fake.put(
        "",
        &[("cgroup.controllers", ""), ("cgroup.subtree_control", "")],
    );
    fake.put("workstation", V2);
    let delegation = Delegation::take(vec![fake.fd()]).unwrap();
    (fake, Arc::new(delegation))
}

/// A group on a fake: the kernel would have filled the directory.
fn filled(fake: &Fake, delegation: &Arc<Delegation>, name: &str) -> ContainerGroup {
    let group = ContainerGroup::create(delegation, name, &Resources::default()).unwrap();
    fake.put(name, V2);
    group
}

#[test]
fn on_v2_the_workstation_gets_a_leaf_and_what_is_there_is_found() {
    let (fake, delegation) = v2();
    assert_eq!(delegation.version(), Version::V2);
    assert_eq!(fake.get("cgroup.subtree_control"), "+cpuset");
    assert_eq!(delegation.places().len(), 1);
    let able = delegation.abilities();
    assert!(able.memory && able.swap && able.cpu && able.cpuset && able.pids && able.freezer);
    assert!(!able.oom_kill_disable && !able.swappiness);
    assert_eq!(delegation.available(), ("0-3".into(), "0".into()));
}

#[test]
fn on_v2_limits_are_written_and_lifted() {
    let (fake, delegation) = v2();
    let group = filled(&fake, &delegation, "c");
    let resources = Resources {
        memory: Some(8 << 20),
        memory_and_swap: Some(Most::Of(8 << 20)),
        pids: Some(Most::Of(5)),
        ..Resources::default()
    };
    group.limit(&resources).unwrap();
    assert_eq!(fake.get("c/memory.max"), "8388608");
    assert_eq!(fake.get("c/memory.swap.max"), "0");
    assert_eq!(fake.get("c/pids.max"), "5");
    let lifted = Resources {
        pids: Some(Most::Unlimited),
        ..Resources::default()
    };
    group.limit(&lifted).unwrap();
    assert_eq!(fake.get("c/pids.max"), "max");
}

#[test]
fn on_v2_counters_are_read_in_nanoseconds() {
    let (fake, delegation) = v2();
    let group = filled(&fake, &delegation, "c");
    fake.put(
        "c",
        &[
            ("cpu.stat", "usage_usec 7\nuser_usec 4\nsystem_usec 3\nnr_periods 9\nnr_throttled 2\nthrottled_usec 5\n"),
            ("memory.current", "4096\n"),
            ("memory.stat", "anon 1024\nfile 2048\n"),
            ("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n"),
            ("pids.current", "3\n"),
            ("io.stat", "8:16 rbytes=10 wbytes=20 rios=1 wios=2\n"),
        ],
    );
    let reading = group.read();
    assert_eq!(
        (reading.cpu, reading.user, reading.kernel),
        (7_000, 4_000, 3_000)
    );
    assert_eq!(
        (
            reading.periods,
            reading.throttled_periods,
            reading.throttled
        ),
        (9, 2, 5_000)
    );
    assert_eq!(
        (reading.memory, reading.memory_limit, reading.pids),
        (4096, None, 3)
    );
    assert_eq!(reading.memory_details.get("file"), Some(&2048));
    assert_eq!(
        reading.transferred,
        [Transferred {
            device: (8, 16),
            read: 10,
            written: 20
        }]
    );
    assert_eq!(group.oom_kills(), 2);
}

#[test]
fn on_v2_freezing_is_waited_for_and_thawing_is_not() {
    let (fake, delegation) = v2();
    let group = filled(&fake, &delegation, "c");
    fake.put("c", &[("cgroup.events", "populated 1\nfrozen 1\n")]);
    group.freeze().unwrap();
    assert_eq!(fake.get("c/cgroup.freeze"), "1");
    group.thaw().unwrap();
    assert_eq!(fake.get("c/cgroup.freeze"), "0");
}

#[test]
fn what_does_not_freeze_in_time_runs_on() {
    let (fake, delegation) = v2();
    let group = filled(&fake, &delegation, "c");
    fake.put("c", &[("cgroup.events", "populated 1\nfrozen 0\n")]);
    assert_eq!(group.freeze().unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert_eq!(fake.get("c/cgroup.freeze"), "0");
}

#[test]
fn on_v1_each_value_goes_to_its_controllers_directory() {
    let fake = Fake::new();
    fake.put(
        "memory",
        &[("memory.limit_in_bytes", ""), ("memory.oom_control", "")],
    );
    fake.put("pids", &[("pids.max", "")]);
    let tops = ["memory", "pids"].map(|name| open(&fake.0.join(name)));
    let delegation = Arc::new(Delegation::take(tops.into()).unwrap());
    let able = delegation.abilities();
    assert!(able.memory && able.pids && able.oom_kill_disable);
    assert!(!able.swap && !able.cpu && !able.cpuset && !able.freezer);
    let group = ContainerGroup::create(&delegation, "c", &Resources::default()).unwrap();
    fake.put("memory/c", &[("memory.limit_in_bytes", "")]);
    fake.put("pids/c", &[("pids.max", "")]);
    let resources = Resources {
        memory: Some(8 << 20),
        pids: Some(Most::Of(5)),
        ..Resources::default()
    };
    group.limit(&resources).unwrap();
    assert_eq!(fake.get("memory/c/memory.limit_in_bytes"), "8388608");
    assert_eq!(fake.get("pids/c/pids.max"), "5");
    let missing = Resources {
        cpu_shares: Some(2),
        ..Resources::default()
    };
    let said = group.limit(&missing).unwrap_err().to_string();
    assert_eq!(
        said,
        "failed to write \"2\": write cpu.shares: no such file or directory"
    );
}

#[test]
fn groups_are_gone_with_their_container_also_when_a_limit_is_not_taken() {
    let fake = Fake::new();
    fake.put("", &[("memory.limit_in_bytes", "")]);
    let delegation = Arc::new(Delegation::take(vec![fake.fd()]).unwrap());
    let group = ContainerGroup::create(&delegation, "c", &Resources::default()).unwrap();
    assert!(fake.0.join("c").exists());
    drop(group);
    assert!(!fake.0.join("c").exists());
    // A fake has no such file to write to.
    let resources = Resources {
        memory: Some(8 << 20),
        ..Resources::default()
    };
    assert!(ContainerGroup::create(&delegation, "c", &resources).is_err());
    assert!(!fake.0.join("c").exists());
}
