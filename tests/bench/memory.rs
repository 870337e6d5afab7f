//! Memory of an engine at rest, and what each running container adds, beside a real dockerd.
//!
//! An engine's program is one file for all sandboxes of a host: the pages of a single one are its own only by the way
//! the kernel counts, so they are told apart.

use std::fs;

use crate::harness::docker::{Docker, Which};
use crate::harness::dockerd::RealDockerd;
use crate::harness::engine::{Daemon, TestEngine};
use crate::harness::host::{anonymous_memory, engine_of, private_memory, process_with_argument};
use crate::harness::need::find;
use crate::harness::unique_seconds;
use crate::table::{Samples, Table, Unit};
use crate::web::megabytes;

const IDLE: &str = "engine at rest, private memory";
const ANONYMOUS: &str = "engine at rest, without the program's file";
const EACH: &str = "one more running container, private memory";
const CONTAINERS: usize = 10;

pub fn measure(table: &mut Table) {
    if ![IDLE, ANONYMOUS, EACH].iter().any(|name| table.wants(name)) {
        return;
    }
    let engine = TestEngine::start();
    let seconds = unique_seconds();
    let docker = Docker::new(Which::Own, &engine);
    docker.good(&["run", "-d", "--name", "seek", "busybox", "sleep", &seconds]);
    let pid = engine_of(process_with_argument(&seconds));
    docker.good(&["rm", "-f", "seek"]);
    let ours = of(&engine, Which::Own, || vec![pid]);
    let real = find("/usr/sbin/dockerd").map(|_| {
        let dockerd = RealDockerd::start();
        let folder = dockerd.socket().parent().unwrap().to_owned();
        let folder = folder.to_string_lossy().into_owned();
        of(&dockerd, Which::Newest, move || processes_naming(&folder))
    });
    for (number, name) in [IDLE, ANONYMOUS, EACH].iter().enumerate() {
        let beside: Vec<(&str, &Samples)> = real
            .iter()
            .map(|real| ("dockerd, containerd and its shims", &real[number]))
            .collect();
        table.add(name, Unit::Megabytes, &ours[number], &beside);
    }
}

/// At rest after some work, and what each container adds to `processes`, which are not the containers' own.
fn of(daemon: &impl Daemon, which: Which, processes: impl Fn() -> Vec<i32>) -> [Samples; 3] {
    let docker = Docker::new(which, daemon);
    let now = || megabytes(private_memory(&processes()));
    docker.good(&["run", "--rm", "busybox", "true"]);
    let idle = now();
    let anonymous = megabytes(anonymous_memory(&processes()));
    let one = |_| {
        let before = now();
        docker.good(&["run", "-d", "busybox", "sleep", "100000"]);
        now() - before
    };
    let each = (0..CONTAINERS).map(one).collect();
    [Samples(vec![idle]), Samples(vec![anonymous]), Samples(each)]
}

/// All processes whose command line names `folder`: the daemon, its containerd, and the shims.
fn processes_naming(folder: &str) -> Vec<i32> {
    let names = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(folder)
    };
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(names)
        .collect()
}
