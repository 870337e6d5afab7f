//! What a learner types, beside a real dockerd.

use std::process::Command;
use std::time::Duration;

use crate::harness::data::DataDir;
use crate::harness::dockerd::RealDockerd;
use crate::harness::engine::{Daemon as _, TestEngine};
use crate::harness::need::find;
use crate::harness::process::finish;
use crate::harness::shell;
use crate::table::{Samples, Table, Unit};

/// One line to type, and how often.
struct Work {
    name: &'static str,
    line: &'static str,
    /// Seconds before each: a pause lets the kernel's own housekeeping fall due.
    pause: &'static str,
    ours: usize,
    theirs: usize,
}

const fn work(name: &'static str, line: &'static str, ours: usize, theirs: usize) -> Work {
    Work {
        name,
        line,
        pause: "",
        ours,
        theirs,
    }
}

const WORKS: [Work; 6] = [
    work("docker run --rm busybox true", RUN, 50, 10),
    Work {
        name: "docker run, 300 ms apart",
        line: RUN,
        pause: "0.3",
        ours: 30,
        theirs: 10,
    },
    work("docker exec", "docker exec box true", 50, 15),
    work("docker images", "docker images", 50, 15),
    work("docker ps", "docker ps", 50, 15),
    work("docker inspect", "docker inspect box", 50, 15),
];

const RUN: &str = "docker run --rm busybox true";

pub fn measure(table: &mut Table) {
    if !WORKS.iter().any(|work| table.wants(work.name)) {
        return;
    }
    let inside = in_a_shell(&script(|work| work.ours), |script| {
        let data = DataDir::new();
        finish(
            &mut shell::command(&data, &["bash", "-c", script]),
            b"",
            Duration::from_secs(600),
        )
        .good()
    });
    let engine = TestEngine::start();
    let through_socket = on_host(&engine.address(), |work| work.ours);
    let real = find("/usr/sbin/dockerd").map(|_| {
        let dockerd = RealDockerd::start();
        on_host(&dockerd.address(), |work| work.theirs)
    });
    for (number, Work { name, .. }) in WORKS.iter().enumerate() {
        let beside: Vec<(&str, &Samples)> = real
            .iter()
            .map(|real| ("dockerd, its own client", &real[number]))
            .collect();
        table.add(
            &format!("{name}, inside"),
            Unit::Milliseconds,
            &inside[number],
            &beside,
        );
        table.add(
            &format!("{name}, Debian's client"),
            Unit::Milliseconds,
            &through_socket[number],
            &beside,
        );
    }
}

/// The real client, in a shell of the host.
fn on_host(address: &str, count: fn(&Work) -> usize) -> Vec<Samples> {
    let folder = tempfile::tempdir().unwrap();
    in_a_shell(&script(count), |script| {
        let mut command = Command::new("bash");
        command.args(["-c", script]).current_dir(folder.path());
        command
            .env("DOCKER_HOST", address)
            .env("DOCKER_CONFIG", folder.path());
        command.env(
            "PATH",
            format!("/usr/bin:{}", std::env::var("PATH").unwrap_or_default()),
        );
        finish(&mut command, b"", Duration::from_secs(600)).good()
    })
}

/// A bash script that does each work so often, and prints what each took in microseconds.
fn script(count: fn(&Work) -> usize) -> String {
    let mut script = String::from(
        "set -e; cd \"$(mktemp -d)\"\n\
         docker run -d --name box busybox sleep 100000 > /dev/null\n\
         many() { local n=$1 pause=$2 a b; shift 2; \"$@\" > /dev/null; while [ $((n--)) -gt 0 ]; do [ -z \"$pause\" ] || sleep $pause; a=${EPOCHREALTIME/[.,]/}; \"$@\" > /dev/null; b=${EPOCHREALTIME/[.,]/}; echo $((b - a)); done; echo end; }\n",
    );
    for work in &WORKS {
        let (count, pause, line) = (count(work), work.pause, work.line);
        script += &format!("many {count} '{pause}' {line}\n");
    }
    script + "docker rm -f box > /dev/null\n"
}

fn in_a_shell(script: &str, run: impl FnOnce(&str) -> String) -> Vec<Samples> {
    let said = run(script);
    let mut groups = said.split("end\n").map(|group| {
        Samples(
            group
                .lines()
                .map(|line| line.parse::<f64>().expect("a time") / 1000.0)
                .collect(),
        )
    });
    WORKS
        .iter()
        .map(|_| groups.next().expect("a group of times"))
        .collect()
}
