//! What a container may use: really enforced, told truly, and out of a learner's reach to change.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::docker::{Docker, Which};
use crate::harness::engine::{Daemon as _, TestEngine};
use crate::harness::need::needs;
use crate::harness::{PATIENCE, host, unique_seconds, wait};

/// A sandbox and a client for it.
struct Sandbox {
    docker: Docker,
    engine: TestEngine,
}

impl Sandbox {
    fn new() -> Self {
        let engine = TestEngine::start();
        Self {
            docker: Docker::new(Which::Newest, &engine),
            engine,
        }
    }

    /// The sandbox's outer groups on the host: one a controller on v1, one in all on v2.
    fn outer_groups(&self) -> Vec<PathBuf> {
        let run = self.engine.data_dir().join("run");
        let id = fs::read_dir(run).unwrap().next().unwrap().unwrap();
        let roots = ["memory", "pids", "cpu", "cpuacct", "cpuset", "freezer", "."];
        let groups = roots.iter().map(|root| {
            PathBuf::from("/sys/fs/cgroup")
                .join(root)
                .join("drydock")
                .join(id.file_name())
        });
        groups.filter(|group| group.exists()).collect()
    }

    /// The groups of all containers, on the host.
    fn container_groups(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for outer in self.outer_groups() {
            for entry in fs::read_dir(outer.join("learner")).unwrap().flatten() {
                let is_group = entry.file_type().unwrap().is_dir();
                if is_group && entry.file_name() != "workstation" {
                    found.push(entry.path());
                }
            }
        }
        found
    }

    /// A value of the only container's group, by its names on v1 and v2.
    fn value(&self, names: &[&str]) -> String {
        let groups = self.container_groups();
        let files = groups
            .iter()
            .flat_map(|group| names.iter().map(move |name| group.join(name)));
        let text = files
            .into_iter()
            .find_map(|file| fs::read_to_string(file).ok());
        text.unwrap().trim().to_owned()
    }

    fn stats(&self, name: &str) -> Value {
        let path = format!("/containers/{name}/stats?stream=0&one-shot=1");
        serde_json::from_slice(&self.engine.get(&path).body).unwrap()
    }

    fn processor_time(&self, name: &str) -> u64 {
        self.stats(name)["cpu_stats"]["cpu_usage"]["total_usage"]
            .as_u64()
            .unwrap()
    }
}

#[test]
fn container_out_of_memory_is_killed_and_says_so() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let hog = [
        "run",
        "--name",
        "hog",
        "-m",
        "8m",
        "busybox",
        "tail",
        "/dev/zero",
    ];
    sandbox.docker.run(&hog).exits(137);
    let state = [
        "inspect",
        "-f",
        "{{.State.OOMKilled}} {{.State.ExitCode}}",
        "hog",
    ];
    assert_eq!(sandbox.docker.good(&state), "true 137");
    // The client asks in whole seconds.
    let soon = SystemTime::now() + Duration::from_secs(1);
    let soon = soon
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .to_string();
    let events = [
        "events",
        "--since",
        "1h",
        "--until",
        &soon,
        "--filter",
        "event=oom",
    ];
    assert!(sandbox.docker.good(&events).contains("name=hog"));
    // One that is killed otherwise does not say so.
    let killed = ["run", "--name", "shot", "busybox", "sh", "-c", "kill -9 $$"];
    sandbox.docker.run(&killed);
    let state = ["inspect", "-f", "{{.State.OOMKilled}}", "shot"];
    assert_eq!(sandbox.docker.good(&state), "false");
}

#[test]
fn limits_of_processes_and_processor_time_hold() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let many = "i=0; while [ $i -lt 20 ]; do sleep 1000 & i=$((i + 1)); done";
    let said = sandbox.docker.run(&[
        "run",
        "--rm",
        "--pids-limit",
        "6",
        "busybox",
        "sh",
        "-c",
        many,
    ]);
    assert_ne!(said.code, 0);
    assert!(said.stderr.contains("can't fork"), "{said:?}");
    // One process is enough for a container of one process.
    sandbox
        .docker
        .good(&["run", "--rm", "--pids-limit", "1", "busybox", "true"]);

    let busy = "while :; do :; done";
    sandbox.docker.good(&[
        "run", "-d", "--name", "busy", "--cpus", "0.1", "busybox", "sh", "-c", busy,
    ]);
    assert!(
        sandbox
            .value(&["cpu.cfs_quota_us", "cpu.max"])
            .starts_with("10000")
    );
    wait::until_true("the busy container to be throttled", PATIENCE, || {
        let throttling = &sandbox.stats("busy")["cpu_stats"]["throttling_data"];
        throttling["throttled_periods"].as_u64() > Some(2)
    });
}

#[test]
fn pause_freezes_and_a_signal_or_unpause_thaws() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let docker = &sandbox.docker;
    let busy = "trap 'exit 3' TERM; while :; do :; done";
    docker.good(&["run", "-d", "--name", "busy", "busybox", "sh", "-c", busy]);
    docker.good(&["pause", "busy"]);
    let before = sandbox.processor_time("busy");
    let status = docker.good(&["ps", "--format", "{{.Status}}"]);
    assert!(status.ends_with("(Paused)"), "{status}");
    for (words, says) in [
        (
            &["exec", "busy", "true"][..],
            "Container busy is paused, unpause the container before exec",
        ),
        (&["rm", "busy"], "You cannot remove a paused container"),
        (
            &["start", "busy"],
            "cannot start a paused container, try unpause instead",
        ),
        (&["pause", "busy"], "is already paused"),
    ] {
        let said = docker.run(words);
        assert!(said.code != 0 && said.stderr.contains(says), "{said:?}");
    }
    assert_eq!(
        sandbox.processor_time("busy"),
        before,
        "it ran while it was paused"
    );
    docker.good(&["unpause", "busy"]);
    wait::until_true("it to run again", PATIENCE, || {
        sandbox.processor_time("busy") > before
    });

    docker.good(&["pause", "busy"]);
    docker.good(&["stop", "busy"]);
    let state = [
        "inspect",
        "-f",
        "{{.State.Status}} {{.State.ExitCode}}",
        "busy",
    ];
    assert_eq!(docker.good(&state), "exited 3");
    docker.good(&["start", "busy"]);
    docker.good(&["pause", "busy"]);
    docker.good(&["rm", "-f", "busy"]);
}

#[test]
fn sandbox_with_a_paused_container_ends_and_leaves_no_groups() {
    needs!(Docker, Root);
    let mut sandbox = Sandbox::new();
    sandbox
        .docker
        .good(&["run", "-d", "--name", "still", "busybox", "sleep", "1000"]);
    sandbox.docker.good(&["pause", "still"]);
    let groups = sandbox.outer_groups();
    let keeper = sandbox.engine.keeper();
    keeper.end(Signal::SIGTERM, PATIENCE);
    assert!(groups.iter().all(|group| !group.exists()), "{groups:?}");
}

#[test]
fn stats_are_one_frame_or_many_and_nobody_who_hangs_up_is_remembered() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let docker = &sandbox.docker;
    docker.good(&[
        "run", "-d", "--name", "box", "-m", "32m", "busybox", "sleep", "1000",
    ]);
    let line = docker.good(&[
        "stats",
        "--no-stream",
        "--format",
        "{{.Name}} {{.PIDs}} {{.MemUsage}}",
    ]);
    assert!(
        line.starts_with("box 1 ") && line.ends_with("/ 32MiB"),
        "{line}"
    );
    let once = sandbox.stats("box");
    assert_eq!(once["precpu_stats"]["cpu_usage"]["total_usage"], 0);
    assert!(once["networks"]["eth0"]["rx_packets"].is_u64(), "{once}");

    let sockets = || {
        let engine = host::engine_of(host::process_with_argument("1000"));
        fs::read_dir(format!("/proc/{engine}/fd")).unwrap().count()
    };
    let before = sockets();
    let mut stream = UnixStream::connect(sandbox.engine.socket()).unwrap();
    stream
        .write_all(b"GET /containers/box/stats HTTP/1.1\r\nhost: d\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    // The second frame knows the first.
    wait::until_true("two frames", PATIENCE, || {
        let mut piece = [0; 4096];
        let n = stream.read(&mut piece).unwrap();
        text.push_str(&String::from_utf8_lossy(&piece[..n]));
        text.matches("\"preread\":\"0001-").count() == 1
            && text.matches("\"preread\":\"2").count() == 1
    });
    drop(stream);
    wait::until_true("the engine to let go", PATIENCE, || sockets() <= before);

    docker.good(&["stop", "-t", "0", "box"]);
    let stopped = sandbox.stats("box");
    assert_eq!(stopped["read"], "0001-01-01T00:00:00Z");
    assert_eq!(stopped["memory_stats"], serde_json::json!({}));
}

#[test]
fn update_changes_a_limit_while_it_runs_and_at_the_next_start() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let docker = &sandbox.docker;
    docker.good(&[
        "run", "-d", "--name", "box", "-m", "16m", "busybox", "sleep", "1000",
    ]);
    let memory = || sandbox.value(&["memory.limit_in_bytes", "memory.max"]);
    assert_eq!(memory(), (16 << 20).to_string());
    let refused = docker.run(&["update", "-m", "64m", "box"]);
    assert!(
        refused
            .stderr
            .contains("update the memoryswap at the same time"),
        "{refused:?}"
    );
    docker.good(&[
        "update",
        "-m",
        "64m",
        "--memory-swap",
        "64m",
        "--pids-limit",
        "30",
        "box",
    ]);
    assert_eq!(memory(), (64 << 20).to_string());
    assert_eq!(sandbox.value(&["pids.max"]), "30");
    docker.good(&["restart", "-t", "0", "box"]);
    wait::until_true("the group of the first run to go", PATIENCE, || {
        let memory = |group: &PathBuf| {
            group.join("memory.limit_in_bytes").exists() || group.join("memory.max").exists()
        };
        sandbox
            .container_groups()
            .iter()
            .filter(|group| memory(group))
            .count()
            == 1
    });
    assert_eq!(memory(), (64 << 20).to_string());
    let shown = [
        "inspect",
        "-f",
        "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}",
        "box",
    ];
    assert_eq!(docker.good(&shown), "67108864 30");
}

#[test]
fn groups_are_gone_with_their_container_and_after_a_failed_start() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    sandbox
        .docker
        .good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    assert!(!sandbox.container_groups().is_empty());
    sandbox
        .docker
        .run(&["run", "--name", "none", "busybox", "/no/such/program"])
        .exits(127);
    let few = [
        "run",
        "--name",
        "few",
        "--cpu-shares",
        "1",
        "busybox",
        "true",
    ];
    sandbox.docker.run(&few).exits(125);
    sandbox.docker.good(&["rm", "-f", "box"]);
    wait::until_true("the groups to go", PATIENCE, || {
        sandbox.container_groups().is_empty()
    });
}

#[test]
fn limits_are_out_of_a_containers_reach() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let seconds = unique_seconds();
    sandbox.docker.good(&[
        "run",
        "-d",
        "--name",
        "box",
        "-m",
        "32m",
        "--security-opt",
        "seccomp=unconfined",
        "--cap-add",
        "SYS_NICE",
        "busybox",
        "sleep",
        &seconds,
    ]);
    let sleeper = host::process_with_argument(&seconds);
    // Its own groups are its sandbox's to write, never its own: it only sees them, and can mount none.
    for tried in [
        "mkdir -p /c && mount -t cgroup -o memory none /c",
        "mkdir -p /c && mount -t cgroup2 none /c",
        "mount -o remount,rw /sys",
        "echo max > /sys/fs/cgroup/memory.max",
        "echo -1 > /sys/fs/cgroup/memory/memory.limit_in_bytes",
        "ulimit -Hn 99999999",
    ] {
        let said = sandbox.docker.run(&["exec", "box", "sh", "-c", tried]);
        assert_ne!(said.code, 0, "{tried} was allowed");
    }
    // What holds for the sandbox as a whole belongs to the host's root; only what is below it does not.
    let owner = host::uid_ranges(sleeper)[0].0;
    for outer in sandbox.outer_groups() {
        for group in [outer.clone(), outer.join("learner")] {
            for file in fs::read_dir(&group).unwrap().flatten() {
                let (name, meta) = (file.file_name(), file.metadata().unwrap());
                let joins = [
                    "cgroup.procs",
                    "cgroup.threads",
                    "cgroup.subtree_control",
                    "tasks",
                ];
                let open = joins.iter().any(|file| *file == name) || meta.is_dir();
                let others_may_write = meta.mode() & 0o022 != 0 && name != "cgroup.event_control";
                assert!(
                    open || (meta.uid() == 0 && !others_may_write),
                    "{} can be written",
                    file.path().display()
                );
            }
        }
    }
    let own = sandbox.container_groups();
    assert!(
        own.iter()
            .all(|group| u64::from(fs::metadata(group).unwrap().uid()) == owner)
    );
    assert_eq!(
        sandbox.value(&["memory.limit_in_bytes", "memory.max"]),
        (32 << 20).to_string()
    );
}
