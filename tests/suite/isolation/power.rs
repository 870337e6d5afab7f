use crate::harness::need::needs;

use super::{MOST, Sandbox};

/// CAP_SYS_PTRACE, CAP_SYS_ADMIN and CAP_NET_ADMIN; capabilities(7).
const POWER_OVER_THE_ENGINE: u64 = 1 << 19 | 1 << 21 | 1 << 12;

#[test]
fn privileged_containers_and_execs_are_refused_with_the_next_step() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    let run = sandbox
        .docker
        .run(&["run", "--rm", "--privileged", "busybox", "true"]);
    assert_eq!(run.code, 125, "{run:?}");
    assert!(
        run.stderr.contains("--privileged") && run.stderr.contains("leave the flag out"),
        "{run:?}"
    );
    sandbox
        .docker
        .good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    let exec = sandbox.docker.run(&["exec", "--privileged", "box", "true"]);
    assert!(
        exec.code != 0 && exec.stdout.contains("--privileged"),
        "{exec:?}"
    );
}

#[test]
fn capabilities_over_the_engine_cannot_be_added() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    for name in ["SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "ALL"] {
        let run = sandbox
            .docker
            .run(&["run", "--rm", "--cap-add", name, "busybox", "true"]);
        assert!(
            run.code == 125 && run.stderr.contains("--cap-add"),
            "{name}: {run:?}"
        );
    }
    let words = ["busybox", "grep", "CapBnd", "/proc/self/status"];
    let bound = sandbox
        .docker
        .good(&[&["run", "--rm"], MOST, &words].concat());
    let bits = bound.split_whitespace().last().unwrap_or_default();
    let bits = u64::from_str_radix(bits, 16).unwrap();
    assert_eq!(bits & POWER_OVER_THE_ENGINE, 0, "{bound}");
}

#[test]
fn a_starting_process_opens_no_way_to_the_engine() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    // While others start, look for the engine's root behind every process number that can be seen.
    let look =
        "while :; do for p in /x/[0-9]*; do [ -e $p/root/newroot ] && echo reached; done; done";
    let words = [
        "-d", "--name", "spy", "-v", "/proc:/x", "busybox", "sh", "-c", look,
    ];
    sandbox.docker.good(&[&["run"], &words[..]].concat());
    for _ in 0..20 {
        sandbox.docker.good(&["run", "--rm", "busybox", "true"]);
        sandbox.docker.good(&["exec", "spy", "true"]);
    }
    assert_eq!(sandbox.docker.good(&["logs", "spy"]), "");
    sandbox.docker.good(&["kill", "spy"]);
}

#[test]
fn a_fifo_for_a_password_file_holds_nothing_up() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    let swap = "rm /etc/passwd && mkfifo /etc/passwd && sleep 1000";
    sandbox
        .docker
        .good(&["run", "-d", "--name", "box", "busybox", "sh", "-c", swap]);
    let until = "until [ -p /etc/passwd ]; do :; done";
    sandbox
        .docker
        .good(&["exec", "-u", "0", "box", "sh", "-c", until]);
    assert_eq!(
        sandbox.docker.good(&["exec", "box", "echo", "through"]),
        "through"
    );
}
