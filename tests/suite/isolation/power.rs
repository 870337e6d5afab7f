use crate::harness::need::needs;
use crate::harness::shell::in_lesson;

use super::{MOST, Sandbox};

#[test]
fn a_privileged_container_has_power_over_itself() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    let script = "mkdir /m && mount -t tmpfs none /m && ip link set eth0 down && hostname mine && \
        unshare -m -p -f --mount-proc ps | tail -1";
    let words = ["busybox", "sh", "-c", script];
    let ran = sandbox
        .docker
        .good(&[&["run", "--rm"], MOST, &words].concat());
    assert!(ran.trim_start().starts_with("1 root"), "{ran}");
    let added = [
        "run",
        "--rm",
        "--cap-add",
        "SYS_ADMIN",
        "busybox",
        "sh",
        "-c",
    ];
    sandbox
        .docker
        .good(&[&added[..], &["mkdir /m && mount -t tmpfs none /m"]].concat());
}

#[test]
fn a_privileged_container_has_no_power_beyond_itself() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    let start = ["run", "-d", "--init", "--name", "box"];
    let rest = ["busybox", "sleep", "1000"];
    sandbox.docker.good(&[&start, MOST, &rest].concat());
    for attempt in [
        "mount -o remount,rw /sbin/docker-init",
        "umount /sbin/docker-init",
        "umount /dev/null",
        "unshare -U true",
        "echo 1000 > /proc/sys/user/max_user_namespaces && unshare -U true",
        "echo 1 > /proc/sys/kernel/printk",
        "swapoff -a && cat /dev/kmsg",
        "dmesg",
    ] {
        let tried = sandbox.docker.run(&["exec", "box", "sh", "-c", attempt]);
        assert_ne!(tried.code, 0, "{attempt}: {tried:?}");
    }
    // The workstation's network is the sandbox's, and so is power over it.
    let words = [
        "--network",
        "host",
        "busybox",
        "ip",
        "link",
        "set",
        "docker0",
        "down",
    ];
    let tried = sandbox
        .docker
        .run(&[&["run", "--rm"], MOST, &words].concat());
    assert!(tried.stderr.contains("not permitted"), "{tried:?}");
}

#[test]
fn a_privileged_process_needs_a_privileged_container() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    sandbox
        .docker
        .good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    let exec = sandbox.docker.run(&["exec", "--privileged", "box", "true"]);
    assert!(
        exec.code != 0
            && exec
                .stdout
                .contains("start the container itself with --privileged"),
        "{exec:?}"
    );
}

#[test]
fn a_lesson_s_sandbox_has_no_privileged_containers_unless_the_lesson_says_so() {
    for flag in ["--privileged", "--cap-add=SYS_ADMIN", "--cap-add=ALL"] {
        let words = ["docker", "run", "--rm", flag, "busybox", "true"];
        let run = in_lesson("your-first-container", &words);
        assert_eq!(run.code, 125, "{run:?}");
        let name = flag.split('=').next().unwrap_or_default();
        assert!(
            run.stderr.contains(name) && run.stderr.contains("this lesson's sandbox"),
            "{run:?}"
        );
    }
}

#[test]
fn a_starting_process_opens_no_way_to_the_engine() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    // While others start, look for the engine's root behind every process number that can be seen.
    let look = "while :; do for p in /x/[0-9]* /proc/[0-9]*; do [ -e $p/root/newroot ] && echo reached; done; done";
    let words = [
        "-d", "--name", "spy", "-v", "/proc:/x", "busybox", "sh", "-c", look,
    ];
    sandbox.docker.good(&[&["run"], MOST, &words[..]].concat());
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
