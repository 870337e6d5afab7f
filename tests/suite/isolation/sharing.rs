//! Namespaces that containers share: never more than the workstation's, and nobody stays in them.

use std::{fs, time::Duration};

use crate::harness::need::needs;
use crate::harness::{host, unique_seconds, wait};

use super::Sandbox;

#[test]
fn the_hosts_namespaces_are_the_workstations() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let seconds = unique_seconds();
    let shared = ["--pid", "host", "--ipc", "host", "--uts", "host"];
    let command = ["busybox", "sleep", &seconds];
    let words = [&["run", "-d", "--name", "box"], &shared[..], &command].concat();
    sandbox.docker.good(&words);
    let sharing = host::process_with_argument(&seconds).to_string();
    let engine = sandbox.engine_pid().to_string();
    for kind in ["pid", "ipc", "uts", "mnt", "user", "cgroup"] {
        let of = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
        assert_ne!(of(&sharing), of("self"), "{kind} is the host's");
        if kind != "user" {
            assert_ne!(of(&sharing), of(&engine), "{kind} is the engine's");
        }
    }
    let first = sandbox.docker.good(&["exec", "box", "cat", "/proc/1/comm"]);
    assert!(first.starts_with("workstation"), "{first}");
    let renamed = sandbox.docker.run(&["exec", "box", "hostname", "mine"]);
    assert_ne!(renamed.code, 0, "the workstation got another name");
}

#[test]
fn who_shares_process_numbers_leaves_nobody_behind() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    sandbox
        .docker
        .good(&["run", "-d", "--name", "first", "busybox", "sleep", "1000"]);
    for mode in ["container:first", "host"] {
        let seconds = unique_seconds();
        let script = format!("sleep {seconds} & echo started");
        let words = ["run", "--rm", "--pid", mode, "busybox", "sh", "-c", &script];
        assert_eq!(sandbox.docker.good(&words).trim(), "started");
        wait::until_true(
            "the end of all its processes",
            Duration::from_secs(10),
            || host::find_process(&seconds).is_none(),
        );
    }
    let inspect = ["inspect", "-f", "{{.State.Running}}", "first"];
    assert_eq!(sandbox.docker.good(&inspect).trim(), "true");
}

#[test]
fn shared_memory_is_shared_with_whom_it_was_offered_alone() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    for (name, mode) in [("open", "shareable"), ("closed", "private")] {
        let script = "echo mine > /dev/shm/note; sleep 1000";
        let words = ["run", "-d", "--ipc", mode, "--name", name, "busybox"];
        sandbox
            .docker
            .good(&[&words[..], &["sh", "-c", script]].concat());
    }
    let look = |mode: &str| {
        let script = "until cat /dev/shm/note; do sleep 0.05; done 2>/dev/null";
        let words = [
            "run", "--rm", "--ipc", mode, "busybox", "timeout", "10", "sh",
        ];
        sandbox.docker.run(&[&words[..], &["-c", script]].concat())
    };
    assert_eq!(look("container:open").good().trim(), "mine");
    let refused = look("container:closed");
    assert!(refused.stderr.contains("non-shareable IPC"), "{refused:?}");
}
