//! Dockerfiles and archives that are meant to use up time, memory or room, and builds that are cut off.
//!
//! Time and memory are measured from outside: of the client's process until it ends, and of the engine's process.

use std::fs::{self, File};
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::docker::{Docker, Which};
use crate::harness::engine::TestEngine;
use crate::harness::need::needs;
use crate::harness::process::{Finished, Guard, finish, wait_gone};
use crate::harness::{PATIENCE, host, unique_seconds, wait};

/// So long may a refusal take: a second, and more where the program is not optimised and other tests run beside it.
const SHORT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });
/// So much may the engine, or the client, grow meanwhile.
const LITTLE_KIB: u64 = 100 << 10;

/// A sandbox, our client, and the engine's process as the host sees it.
struct Site {
    docker: Docker,
    engine: i32,
    _running: TestEngine,
}

impl Site {
    fn new() -> Self {
        let running = TestEngine::start();
        let docker = Docker::new(Which::Own, &running);
        let seconds = unique_seconds();
        docker.good(&[
            "run", "-d", "--name", "witness", "busybox", "sleep", &seconds,
        ]);
        let engine = host::engine_of(host::process_with_argument(&seconds));
        docker.good(&["rm", "-f", "witness"]);
        Self {
            docker,
            engine,
            _running: running,
        }
    }

    fn resident(&self, key: &str) -> u64 {
        host::status_words(self.engine, key)[0].parse().unwrap()
    }

    /// Builds `folder`, which must fail with `words`, soon and in little memory.
    #[track_caller]
    fn refuses(&self, folder: &str, words: &str) -> Finished {
        // Forgets the highest resident size so far; see proc(5).
        fs::write(format!("/proc/{}/clear_refs", self.engine), "5").unwrap();
        let before = self.resident("VmRSS:");
        let begun = Instant::now();
        let mut command = self.docker.command(&["build", "--progress=plain", folder]);
        let finished = finish(&mut command, b"", PATIENCE);
        let took = begun.elapsed();
        let grown = self.resident("VmHWM:").saturating_sub(before);
        let said = finished.stderr.chars().rev().take(2000).collect::<String>();
        let said: String = said.chars().rev().collect();
        assert_ne!(finished.code, 0, "{folder}: {said}");
        assert!(said.contains(words), "{folder}: no {words:?} in {said}");
        assert!(took < SHORT, "{folder}: took {took:?}");
        assert!(
            grown < LITTLE_KIB,
            "{folder}: the engine has grown by {grown} KiB"
        );
        // Whatever it was, the engine goes on.
        assert_eq!(
            self.docker.good(&["run", "--rm", "busybox", "echo", "on"]),
            "on"
        );
        finished
    }

    fn bomb(&self, name: &str, dockerfile: &str) -> String {
        self.docker.write(&format!("{name}/Dockerfile"), dockerfile);
        name.to_owned()
    }
}

#[test]
fn dockerfiles_that_are_bombs_are_refused_soon() {
    needs!(UserNamespaces);
    let site = Site::new();
    let million = site.bomb(
        "million",
        &format!("FROM busybox\n{}", "RUN true\n".repeat(1_000_000)),
    );
    site.refuses(&million, "the Dockerfile is larger than");
    let many = site.bomb(
        "many",
        &format!("FROM busybox\n{}", "USER 1\n".repeat(100_000)),
    );
    site.refuses(&many, "instructions");
    let line = site.bomb(
        "line",
        &format!("FROM busybox\nRUN {}\n", "x".repeat(100 << 20)),
    );
    site.refuses(&line, "the Dockerfile is larger than");
    let deep = format!(
        "FROM busybox\nENV a={}{}\n",
        "${a:-".repeat(100_000),
        "}".repeat(100_000)
    );
    site.refuses(&site.bomb("deep", &deep), "nested");
    let doubling: String = (0..40)
        .map(|n| format!("ARG A{}=$A{n}$A{n}\n", n + 1))
        .collect();
    let doubling = format!("FROM busybox\nARG A0=xxxxxxxxxxxxxxxx\n{doubling}RUN echo $A40\n");
    site.refuses(&site.bomb("doubling", &doubling), "longer than");
    let copies: String = (0..4_000).map(|n| format!("ENV A{n}=$A\n")).collect();
    let copies = format!("FROM busybox\nENV A={}\n{copies}", "x".repeat(500_000));
    site.refuses(&site.bomb("copies", &copies), "longer than");
}

#[test]
fn triggers_that_are_bombs_are_refused_soon() {
    needs!(UserNamespaces);
    let site = Site::new();
    // Each image has more triggers than the one it stands on.
    let double = "FROM chain\nONBUILD ENV A=$A$A$A$A$A$A$A$A\n";
    site.docker.write(
        "chain/first",
        "FROM busybox\nENV A=xxxxxxxxxxxxxxxx\nONBUILD ENV A=$A$A$A$A$A$A$A$A\n",
    );
    site.docker.write("chain/Dockerfile", double);
    site.docker
        .good(&["build", "-q", "-t", "chain", "-f", "chain/first", "chain"]);
    for _ in 0..40 {
        let next = site.docker.run(&["build", "-q", "-t", "chain", "chain"]);
        if next.code != 0 {
            site.refuses("chain", "longer than");
            return;
        }
    }
    panic!("a value has doubled itself 120 times");
}

/// A gzip stream of `head` and then `count` times 16 MiB of zeros, of which each takes 16 KiB.
fn zeros(head: &[u8], count: usize) -> Vec<u8> {
    let packed = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let member = packed(&vec![0; 16 << 20]);
    [packed(head), member.repeat(count)].concat()
}

/// The header of a file of this size.
fn header(name: &str, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[test]
fn archives_that_are_bombs_are_refused_and_leave_nothing() {
    needs!(UserNamespaces);
    let site = Site::new();
    let used = || {
        site.docker.good(&[
            "run",
            "--rm",
            "busybox",
            "sh",
            "-c",
            "df / | tail -n 1 | awk '{print int($3/1024)}'",
        ])
    };
    let before: u64 = used().parse().unwrap();
    let folder = site.bomb("zip", "FROM busybox\nADD bomb.tar.gz /\n");
    // 4 GiB in 4 MiB.
    let bomb = zeros(&header("big", 4 << 30), 256);
    fs::write(site.docker.folder().join("zip/bomb.tar.gz"), bomb).unwrap();
    let begun = Instant::now();
    let finished = site.docker.run(&["build", "--progress=plain", &folder]);
    assert_ne!(finished.code, 0);
    assert!(begun.elapsed() < PATIENCE);
    let after: u64 = used().parse().unwrap();
    assert!(
        after <= before + 16,
        "{after} MiB are used, {before} were: {}",
        finished.stderr
    );
    // A million names that say nothing.
    let folder = site.bomb("names", "FROM busybox\nADD names.tar.gz /\n");
    let mut encoder = flate2::write::GzEncoder::new(
        File::create(site.docker.folder().join("names/names.tar.gz")).unwrap(),
        flate2::Compression::fast(),
    );
    for number in 0..1_000_000 {
        encoder
            .write_all(&header(&format!("f{number}"), 0))
            .unwrap();
    }
    encoder.finish().unwrap();
    let finished = site.docker.run(&["build", "--progress=plain", &folder]);
    assert_ne!(finished.code, 0);
    assert_eq!(
        site.docker.good(&["run", "--rm", "busybox", "echo", "on"]),
        "on"
    );
}

#[test]
fn a_step_that_fills_the_storage_fails_and_leaves_what_was_there() {
    needs!(UserNamespaces);
    let site = Site::new();
    let free = || -> u64 {
        let free = site.docker.good(&[
            "run",
            "--rm",
            "busybox",
            "sh",
            "-c",
            "df / | tail -n 1 | awk '{print int($4/1024)}'",
        ]);
        free.parse().unwrap()
    };
    let folder = site.bomb(
        "full",
        "FROM busybox\nRUN echo early > /early\nRUN cat /dev/zero > /big\n",
    );
    let images = || site.docker.good(&["images", "-aq"]);
    let first = site.docker.run(&["build", "--progress=plain", &folder]);
    assert!(
        first.stderr.contains("No space left on device"),
        "{}",
        first.stderr
    );
    let (before, named) = (free(), images());
    let again = site.docker.run(&["build", "--progress=plain", &folder]);
    assert_ne!(again.code, 0);
    assert!(again.stderr.contains("CACHED"), "{}", again.stderr);
    assert_eq!(images(), named);
    let after = free();
    assert!(after + 8 >= before, "{after} MiB are free, {before} were");
    // There is room for the next one.
    let next = site.bomb(
        "next",
        "FROM busybox\nRUN echo early > /early\nRUN dd if=/dev/zero of=/some bs=1M count=64\n",
    );
    site.docker.good(&["build", "-q", &next]);
}

#[test]
fn a_build_ends_with_the_client_that_asked_for_it() {
    needs!(UserNamespaces);
    let site = Site::new();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let seconds = unique_seconds();
        let dockerfile = format!("FROM busybox\nRUN sh -c 'sleep {seconds} & sleep {seconds}'\n");
        let folder = site.bomb("long", &dockerfile);
        let mut command = site.docker.command(&["build", "--progress=plain", &folder]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut client = Guard::spawn(&mut command);
        let sleeper = host::process_with_argument(&seconds);
        client.signal(signal);
        let status = client.wait(PATIENCE).unwrap();
        assert!(!status.success(), "{signal}");
        wait_gone(sleeper, PATIENCE);
        wait::until_true("the end of all of its processes", PATIENCE, || {
            host::find_process(&seconds).is_none()
        });
    }
    assert_eq!(
        site.docker.good(&["run", "--rm", "busybox", "echo", "on"]),
        "on"
    );
}
