use crate::harness::need::needs;
use crate::harness::probe;

use super::{MOST, Sandbox};

#[test]
fn forbidden_calls_are_refused_in_a_container() {
    needs!(Docker);
    let sandbox = Sandbox::with_probe();
    assert_refused(&sandbox.probe(&[], &["calls"]));
}

#[test]
fn forbidden_calls_are_refused_in_the_most_powerful_container() {
    needs!(Docker);
    let sandbox = Sandbox::with_probe();
    assert_refused(&sandbox.probe(MOST, &["calls"]));
}

#[test]
fn forbidden_calls_are_refused_on_the_workstation() {
    assert_refused(&probe::on_workstation("calls").good());
}

#[track_caller]
fn assert_refused(tried: &str) {
    assert!(tried.lines().count() > 20, "{tried}");
    let refusals = ["EPERM", "ENOSYS", "EACCES", "EAFNOSUPPORT", "ENOSPC"];
    let allowed: Vec<&str> = tried
        .lines()
        .filter(|line| {
            !refusals
                .iter()
                .any(|refusal| line.ends_with(&format!("={refusal}")))
        })
        .collect();
    assert!(allowed.is_empty(), "not refused: {allowed:?}");
}

#[test]
fn container_without_privileges_cannot_mount() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    let tried = sandbox.docker.run(&[
        "run", "--rm", "busybox", "mount", "-t", "tmpfs", "none", "/tmp",
    ]);
    assert!(tried.stderr.contains("permission denied"), "{tried:?}");
    let status = sandbox.docker.good(&[
        "run",
        "--rm",
        "busybox",
        "grep",
        "-E",
        "CapEff|Seccomp:",
        "/proc/self/status",
    ]);
    assert!(
        status.contains("CapEff:\t00000000a80425fb"),
        "Docker's default set: {status}"
    );
    assert!(status.contains("Seccomp:\t2"), "{status}");
}

#[test]
fn container_without_privileges_sees_masked_paths() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    let run = |script: &str| {
        sandbox
            .docker
            .run(&["run", "--rm", "busybox", "sh", "-c", script])
    };
    assert_eq!(run("cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls /proc/acpi /sys/firmware | wc -l").stdout, "0\n3\n");
    assert_ne!(run("echo 1 > /proc/sys/kernel/domainname").code, 0);
    assert_ne!(run("echo b > /proc/sysrq-trigger").code, 0);
    assert_ne!(run("touch /sys/new").code, 0);
}
