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

const RUN: &str = "docker run --rm busybox true";
const EXEC: &str = "docker exec box true";
const COLD: &str = "docker build -q --no-cache -t ten .";
const CACHED: &str = "docker build -q -t ten .";

const NAMES: [&str; 4] = [
    "docker run --rm busybox true",
    "docker exec",
    "ten-step build, cold",
    "ten-step build, cached",
];
const OURS: [usize; 4] = [50, 50, 10, 20];
const THEIRS: [usize; 4] = [10, 15, 3, 10];

pub fn measure(table: &mut Table) {
    if !NAMES.iter().any(|name| table.wants(name)) {
        return;
    }
    let inside = in_a_shell(&script(OURS), |script| {
        let data = DataDir::new();
        finish(
            &mut shell::command(&data, &["bash", "-c", script]),
            b"",
            Duration::from_secs(600),
        )
        .good()
    });
    let engine = TestEngine::start();
    let through_socket = on_host(&engine.address(), OURS);
    let real = find("/usr/sbin/dockerd").map(|_| {
        let dockerd = RealDockerd::start();
        on_host(&dockerd.address(), THEIRS)
    });
    for (number, name) in NAMES.iter().enumerate() {
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
fn on_host(address: &str, counts: [usize; 4]) -> [Samples; 4] {
    let folder = tempfile::tempdir().unwrap();
    in_a_shell(&script(counts), |script| {
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
fn script(counts: [usize; 4]) -> String {
    let mut script = String::from(
        "set -e; cd \"$(mktemp -d)\"\n\
         { echo FROM busybox; for i in 1 2 3 4 5 6 7 8; do echo \"RUN echo $i > /step$i\"; done; echo 'CMD [\"true\"]'; } > Dockerfile\n\
         docker run -d --name box busybox sleep 100000 > /dev/null\n\
         many() { local n=$1 a b; shift; \"$@\" > /dev/null; while [ $((n--)) -gt 0 ]; do a=${EPOCHREALTIME/[.,]/}; \"$@\" > /dev/null; b=${EPOCHREALTIME/[.,]/}; echo $((b - a)); done; echo end; }\n",
    );
    for (work, count) in [RUN, EXEC, COLD, CACHED].iter().zip(counts) {
        script += &format!("many {count} {work}\n");
    }
    script + "docker rm -f box > /dev/null\n"
}

fn in_a_shell(script: &str, run: impl FnOnce(&str) -> String) -> [Samples; 4] {
    let said = run(script);
    let mut groups = said.split("end\n").map(|group| {
        Samples(
            group
                .lines()
                .map(|line| line.parse::<f64>().expect("a time") / 1000.0)
                .collect(),
        )
    });
    std::array::from_fn(|_| groups.next().expect("a group of times"))
}
