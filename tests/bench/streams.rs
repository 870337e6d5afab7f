//! Output of `docker exec`, to a reader that only counts, beside a real dockerd.

use std::io;
use std::process::Stdio;
use std::time::Instant;

use crate::harness::docker::{Docker, Which};
use crate::harness::dockerd::RealDockerd;
use crate::harness::engine::{Daemon, TestEngine};
use crate::harness::need::find;
use crate::table::{Samples, Table, Unit};

const MEGABYTE: f64 = 1_000_000.0;
const COUNT: usize = 5;

/// What is printed through, by name; how much, in blocks of 64 KiB; with a terminal or without.
const KINDS: [(&str, usize, &[&str]); 2] = [
    ("docker exec, output", 4800, &[]),
    ("docker exec -t, output", 1200, &["-t"]),
];

pub fn measure(table: &mut Table) {
    let kinds: Vec<_> = KINDS
        .iter()
        .filter(|(name, ..)| table.wants(name))
        .collect();
    if kinds.is_empty() {
        return;
    }
    let engine = TestEngine::start();
    let (own, newest) = (
        client(Which::Own, &engine),
        Docker::new(Which::Newest, &engine),
    );
    let dockerd = find("/usr/sbin/dockerd").map(|_| RealDockerd::start());
    let theirs = dockerd
        .as_ref()
        .map(|dockerd| client(Which::Newest, dockerd));
    for (name, blocks, flags) in kinds {
        let real = theirs
            .as_ref()
            .map(|docker| throughput(docker, *blocks, flags));
        let beside: Vec<(&str, &Samples)> = real
            .iter()
            .map(|real| ("dockerd, its own client", real))
            .collect();
        for (whose, docker) in [("our client", &own), ("the real client", &newest)] {
            let ours = throughput(docker, *blocks, flags);
            table.add(
                &format!("{name}, {whose}"),
                Unit::Throughput,
                &ours,
                &beside,
            );
        }
    }
}

fn client(which: Which, daemon: &impl Daemon) -> Docker {
    let docker = Docker::new(which, daemon);
    docker.good(&["run", "-d", "--name", "box", "busybox", "sleep", "100000"]);
    docker
}

fn throughput(docker: &Docker, blocks: usize, flags: &[&str]) -> Samples {
    let count = format!("count={blocks}");
    let dd = ["box", "dd", "if=/dev/zero", "bs=64k", &count];
    let words = [&["exec"], flags, &dd].concat();
    let one = |_| {
        let mut command = docker.command(&words);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let start = Instant::now();
        let mut child = command.spawn().unwrap();
        let bytes = count_all(child.stdout.take().unwrap()).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert!(child.wait().unwrap().success());
        assert!(bytes >= blocks << 16, "only {bytes} bytes came");
        bytes as f64 / MEGABYTE / seconds
    };
    Samples((0..COUNT).map(one).collect())
}

fn count_all(mut stdout: impl io::Read) -> io::Result<usize> {
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0);
    loop {
        match stdout.by_ref().read(&mut buffer)? {
            0 => return Ok(bytes),
            n => bytes += n,
        }
    }
}
