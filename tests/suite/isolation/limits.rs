use std::fs;
use std::path::PathBuf;

use crate::harness::docker::{Docker, Which};
use crate::harness::engine::TestEngine;
use crate::harness::need::needs;

use super::Sandbox;

/// The control groups that hold process `pid`'s limits, one per hierarchy of interest.
pub fn groups(pid: i32) -> Vec<PathBuf> {
    let listed = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let places = listed.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        if path.is_empty() {
            return None;
        }
        let hierarchy = match controllers {
            "" if fs::metadata("/sys/fs/cgroup/cgroup.controllers").is_ok() => {
                PathBuf::from("/sys/fs/cgroup")
            }
            "" => PathBuf::from("/sys/fs/cgroup/unified"),
            "memory" | "pids" => PathBuf::from("/sys/fs/cgroup").join(controllers),
            _ => return None,
        };
        Some(hierarchy.join(path))
    });
    places.filter(|path| path.exists()).collect()
}

/// The least limit of this kind that holds for `pid`, here or in a group above.
fn limit(pid: i32, files: &[&str]) -> Option<u64> {
    let read = |path: PathBuf| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let above = groups(pid)
        .into_iter()
        .flat_map(|group| group.ancestors().map(PathBuf::from).collect::<Vec<_>>());
    // On v1, no limit is a number close to 2^63.
    above
        .flat_map(|group| files.iter().map(move |file| group.join(file)))
        .filter_map(read)
        .filter(|&n| n < 1 << 60)
        .min()
}

#[test]
fn control_groups_bound_memory_and_processes() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let sleeper = sandbox.sleeper();
    let memory =
        limit(sleeper, &["memory.max", "memory.limit_in_bytes"]).expect("no limit of memory");
    assert!((64 << 20..4 << 30).contains(&memory), "{memory}");
    let processes = limit(sleeper, &["pids.max"]).expect("no limit of processes");
    assert!((64..10_000).contains(&processes), "{processes}");
}

#[test]
fn fork_bomb_is_limited_and_others_do_not_notice() {
    needs!(Docker, Root);
    let (mine, other) = (Sandbox::new(), Sandbox::new());
    mine.docker.good(&[
        "run",
        "-d",
        "--name",
        "bomb",
        "busybox",
        "sh",
        "-c",
        "b() { b | b & b; }; b",
    ]);
    let full = "n=0; while [ $n -lt 4000 ]; do sleep 100 & n=$((n + 1)); done; wait";
    let said = mine
        .docker
        .run(&["run", "--rm", "busybox", "sh", "-c", full]);
    assert_ne!(said.code, 0, "four thousand processes were allowed");
    for _ in 0..3 {
        assert_eq!(
            other
                .docker
                .good(&["run", "--rm", "busybox", "echo", "calm"]),
            "calm"
        );
    }
    // The one it happens to has a working engine, and can end it.
    mine.docker.good(&["rm", "-f", "bomb"]);
    assert_eq!(
        mine.docker
            .good(&["run", "--rm", "busybox", "echo", "calm"]),
        "calm"
    );
}

#[test]
fn memory_hog_is_killed_and_others_do_not_notice() {
    needs!(Docker, Root);
    let (mine, other) = (Sandbox::new(), Sandbox::new());
    // `tail` keeps what has no line ends in memory.
    let hog = "head -c 3000000000 /dev/zero | tail > /dev/null";
    let said = mine
        .docker
        .run(&["run", "--name", "hog", "busybox", "sh", "-c", hog]);
    assert_ne!(said.code, 0, "{said:?}");
    assert_eq!(
        other
            .docker
            .good(&["run", "--rm", "busybox", "echo", "calm"]),
        "calm"
    );
    assert_eq!(
        mine.docker
            .good(&["run", "--rm", "busybox", "echo", "calm"]),
        "calm",
        "its own engine lives on"
    );
}

#[test]
fn full_disk_says_so_and_can_be_freed() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let fill = "dd if=/dev/zero of=/big bs=1M count=5000";
    let said = sandbox
        .docker
        .run(&["run", "--name", "full", "busybox", "sh", "-c", fill]);
    assert_ne!(said.code, 0);
    assert!(
        said.stderr
            .to_lowercase()
            .contains("no space left on device"),
        "{said:?}"
    );
    let refused = sandbox
        .docker
        .run(&["run", "--rm", "busybox", "true"])
        .exits(125);
    let message = refused.stderr.to_lowercase();
    assert!(message.contains("no space left on device"), "{message}");
    assert!(
        message.contains("disk is full"),
        "it names the meter: {message}"
    );
    sandbox.docker.good(&["rm", "-f", "full"]);
    assert_eq!(
        sandbox.docker.good(&[
            "run",
            "--rm",
            "busybox",
            "sh",
            "-c",
            "echo more > /more && cat /more"
        ]),
        "more"
    );
}

#[test]
fn log_of_a_flood_is_bounded_and_its_end_is_kept() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let flood = "yes | head -c 60000000; echo the end; sleep 1000";
    sandbox
        .docker
        .good(&["run", "-d", "--name", "flood", "busybox", "sh", "-c", flood]);
    crate::harness::wait::until_true("the flood to end", crate::harness::PATIENCE, || {
        sandbox.docker.good(&["logs", "--tail", "1", "flood"]) == "the end"
    });
    let kept = sandbox.docker.good(&["logs", "flood"]).len();
    assert!(kept < 64 << 20, "{kept} bytes are kept");
    let engine = sandbox.engine_pid();
    let resident = crate::harness::host::status_words(engine, "RssAnon:")[0]
        .parse::<u64>()
        .unwrap();
    assert!(resident < 32 << 10, "the engine holds {resident} KiB");
}

#[test]
fn reader_that_is_slow_does_not_grow_the_engine() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let engine = sandbox.engine_pid();
    let mut flood = sandbox.docker.command(&["run", "--rm", "busybox", "yes"]);
    // A pipe that nobody reads.
    let _client = crate::harness::process::Guard::spawn(
        flood
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped()),
    );
    for _ in 0..20 {
        sandbox.docker.good(&["run", "--rm", "busybox", "true"]);
    }
    let resident = crate::harness::host::status_words(engine, "RssAnon:")[0]
        .parse::<u64>()
        .unwrap();
    assert!(resident < 32 << 10, "the engine holds {resident} KiB");
}

#[test]
fn files_are_bounded_in_number_too() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let fill = "mkdir /many && cd /many && i=0; while touch $i.a $i.b $i.c $i.d $i.e $i.f $i.g $i.h; do i=$((i + 1)); [ $i -lt 200000 ] || exit 0; done; exit 1";
    let mut command = sandbox
        .docker
        .command(&["run", "--rm", "busybox", "sh", "-c", fill]);
    let said =
        crate::harness::process::finish(&mut command, b"", std::time::Duration::from_secs(240));
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.contains("No space left on device"),
        "{}",
        said.stderr
    );
}

#[test]
fn terminals_of_a_sandbox_are_bounded() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    // Each opening of ptmx takes one of the host's pseudo-terminals.
    let open =
        "i=3; while [ $i -lt 600 ]; do eval \"exec $i<>/dev/ptmx\" || exit 1; i=$((i + 1)); done";
    let said = sandbox
        .docker
        .run(&["run", "--rm", "busybox", "sh", "-c", open]);
    assert_ne!(said.code, 0, "600 terminals were allowed");
}

#[test]
fn tmp_of_the_host_does_not_grow() {
    needs!(Docker, Root);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Newest, &engine);
    let size = |folder: &std::path::Path| {
        let said = crate::harness::process::finish(
            std::process::Command::new("du").arg("-sk").arg(folder),
            b"",
            crate::harness::PATIENCE,
        )
        .good();
        said.split_whitespace()
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let before = size(engine.data_dir());
    docker.good(&[
        "run",
        "--name",
        "box",
        "-v",
        "kept:/v",
        "busybox",
        "sh",
        "-c",
        "head -c 50000000 /dev/zero > /big; cp /big /v/",
    ]);
    let after = size(engine.data_dir());
    assert!(after < before + 1000, "from {before} to {after} KiB");
}
