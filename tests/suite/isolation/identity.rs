use crate::harness::host;
use crate::harness::need::needs;
use crate::harness::shell::script;

use super::Sandbox;

#[test]
fn id_ranges_of_two_sandboxes_do_not_overlap() {
    needs!(Docker, Root);
    let (one, two) = (Sandbox::new(), Sandbox::new());
    let ranges = [&one, &two].map(|sandbox| host::uid_ranges(sandbox.engine_pid()));
    for (first, count) in &ranges[0] {
        for (other, others) in &ranges[1] {
            assert!(
                first + count <= *other || other + others <= *first,
                "{ranges:?}"
            );
        }
    }
}

#[test]
fn learner_runs_as_no_id_that_the_host_uses() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let sleeper = sandbox.sleeper();
    let engine = host::engine_of(sleeper);
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let used: Vec<u64> = passwd
        .lines()
        .filter_map(|line| line.split(':').nth(2)?.parse().ok())
        .collect();
    for (first, count) in host::uid_ranges(engine) {
        assert!(first > 0, "the host's root is in the map");
        let clash = used
            .iter()
            .find(|&&id| (first..first + count).contains(&id));
        assert_eq!(clash, None, "an account of the host is in {first}+{count}");
    }
    for pid in host::sandbox_processes(engine) {
        for id in host::status_words(pid, "Uid:")
            .iter()
            .chain(&host::status_words(pid, "Gid:"))
        {
            assert_ne!(id, "0", "process {pid} is the host's root");
        }
    }
}

#[test]
fn sandbox_has_namespaces_of_its_own() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let engine = sandbox.engine_pid();
    for kind in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"] {
        let of = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
        assert_ne!(of(&engine.to_string()), of("self"), "{kind}");
    }
}

#[test]
fn host_name_is_not_told() {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let inside = script("hostname; cat /proc/sys/kernel/hostname").good();
    assert!(!inside.lines().any(|line| line == host.trim()), "{inside}");
}
