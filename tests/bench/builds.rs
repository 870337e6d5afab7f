//! Builds, beside dockerd's classic builder and its BuildKit.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::data::DataDir;
use crate::harness::dockerd::RealDockerd;
use crate::harness::engine::Daemon as _;
use crate::harness::need::find;
use crate::harness::process::finish;
use crate::harness::shell;
use crate::table::{Samples, Table, Unit, milliseconds};

/// Something to build in a folder of its own, and what is done before each time.
struct Work {
    name: &'static str,
    folder: &'static str,
    before: &'static str,
    line: &'static str,
    ours: usize,
    theirs: usize,
}

const WORKS: [Work; 5] = [
    Work {
        name: "ten-step build, cold",
        folder: "ten",
        before: "",
        line: "docker build -q --no-cache -t ten .",
        ours: 20,
        theirs: 3,
    },
    Work {
        name: "ten-step build, cached",
        folder: "ten",
        before: "",
        line: "docker build -q -t ten .",
        ours: 30,
        theirs: 10,
    },
    Work {
        name: "build after a change to one file",
        folder: "change",
        before: "echo $RANDOM$RANDOM > app.txt",
        line: "docker build -q -t change .",
        ours: 20,
        theirs: 5,
    },
    Work {
        name: "build that copies 10,000 small files",
        folder: "many",
        before: "echo $RANDOM$RANDOM > 0/0",
        line: "docker build -q -t many .",
        ours: 5,
        theirs: 3,
    },
    Work {
        name: "build with an unchanged context of 100 MB",
        folder: "large",
        before: "",
        line: "docker build -q -t large .",
        ours: 10,
        theirs: 3,
    },
];

/// Makes the folders.
const FOLDERS: &str = "set -e; cd \"$(mktemp -d)\"; mkdir ten change many large\n\
    { echo FROM busybox; for i in 1 2 3 4 5 6 7 8; do echo \"RUN echo $i > /step$i\"; done; echo 'CMD [\"true\"]'; } > ten/Dockerfile\n\
    { echo FROM busybox; for i in 1 2 3 4 5 6; do echo \"RUN echo $i > /step$i\"; done; echo 'COPY app.txt /'; echo 'CMD [\"true\"]'; } > change/Dockerfile\n\
    printf 'FROM busybox\\nCOPY . /files\\n' > many/Dockerfile\n\
    for d in 0 1 2 3 4 5 6 7 8 9; do mkdir many/$d; for f in {0..999}; do echo $d$f > many/$d/$f; done; done\n\
    printf 'FROM busybox\\nCOPY 0 /\\n' > large/Dockerfile\n\
    for f in {0..49}; do head -c 2000000 /dev/urandom > large/$f; done\n\
    many() { local n=$1 a b; while [ $((n--)) -ge 0 ]; do eval \"$2\"; a=${EPOCHREALTIME/[.,]/}; $3 > /dev/null; b=${EPOCHREALTIME/[.,]/}; echo $((b - a)); done; echo end; }\n";

pub fn measure(table: &mut Table) {
    measure_works(table);
    measure_hashing(table);
}

fn measure_works(table: &mut Table) {
    if !WORKS.iter().any(|work| table.wants(work.name)) {
        return;
    }
    let ours = samples(&script(|work| work.ours), |script| {
        let data = DataDir::new();
        let words = ["bash", "-c", script];
        finish(
            &mut shell::command(&data, &words),
            b"",
            Duration::from_secs(600),
        )
        .good()
    });
    let real = find("/usr/sbin/dockerd").map(|_| {
        let dockerd = RealDockerd::start();
        ["1", "0"].map(|buildkit| on_dockerd(&dockerd.address(), buildkit))
    });
    for (number, work) in WORKS.iter().enumerate() {
        let beside: Vec<(&str, &Samples)> = real
            .iter()
            .flatten()
            .zip(["dockerd, BuildKit", "dockerd, classic"])
            .map(|(samples, name)| (name, &samples[number]))
            .collect();
        table.add(work.name, Unit::Milliseconds, &ours[number], &beside);
    }
}

/// Debian's client: it needs no plugin for BuildKit.
fn on_dockerd(address: &str, buildkit: &str) -> Vec<Samples> {
    let folder = tempfile::tempdir().unwrap();
    samples(&script(|work| work.theirs), |script| {
        let mut command = Command::new("bash");
        command.args(["-c", script]).current_dir(folder.path());
        command
            .env("DOCKER_HOST", address)
            .env("DOCKER_CONFIG", folder.path())
            .env("DOCKER_BUILDKIT", buildkit)
            .env("TMPDIR", folder.path());
        command.env(
            "PATH",
            format!("/usr/bin:{}", std::env::var("PATH").unwrap_or_default()),
        );
        finish(&mut command, b"", Duration::from_secs(900)).good()
    })
}

fn script(count: fn(&Work) -> usize) -> String {
    let mut script = String::from(FOLDERS);
    for work in &WORKS {
        let (count, folder) = (count(work), work.folder);
        script += &format!(
            "cd {folder}; many {count} '{}' '{}'; cd ..; docker image prune -f > /dev/null\n",
            work.before, work.line
        );
    }
    script
}

/// The first time of each work is not counted.
fn samples(script: &str, run: impl FnOnce(&str) -> String) -> Vec<Samples> {
    let said = run(script);
    let mut groups = said.split("end\n").map(|group| {
        let times = group.lines().filter_map(|line| line.parse::<f64>().ok());
        Samples(times.skip(1).map(|time| time / 1000.0).collect())
    });
    WORKS
        .iter()
        .map(|_| groups.next().expect("a group of times"))
        .collect()
}

const HASHED: &str = "hashing a layer of 500 MB";

/// What a layer's digest costs, beside `sha256sum` of the same file.
fn measure_hashing(table: &mut Table) {
    if !table.wants(HASHED) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, vec![7_u8; 500_000_000]).unwrap();
    let rate = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        500_000.0 / milliseconds(start.elapsed())
    };
    let ours = Samples((0..5).map(|_| rate(&mut || hash(folder.path()))).collect());
    let theirs = Samples(
        (0..5)
            .map(|_| {
                rate(&mut || {
                    let mut command = Command::new("sha256sum");
                    command.arg(&file);
                    finish(&mut command, b"", Duration::from_secs(60)).good();
                })
            })
            .collect(),
    );
    table.add(HASHED, Unit::Throughput, &ours, &[("sha256sum", &theirs)]);
}

fn hash(folder: &Path) {
    use std::os::fd::AsFd as _;
    let root = std::fs::File::open(folder).unwrap();
    let mut hash = drydock_image::layer::HashWriter::new(std::io::sink());
    drydock_image::layer::write_tar(root.as_fd(), &mut hash, &Default::default()).unwrap();
    let _ = hash.finish();
}
