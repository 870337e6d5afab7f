//! What a learner waits for: the machine, and each key.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::dockerd::RealDockerd;
use crate::harness::engine::Daemon as _;
use crate::harness::need::find;
use crate::harness::server::{TestServer, Visitor};
use crate::harness::terminal::TestTerminal;
use crate::harness::{PATIENCE, host, lesson, unique_seconds};
use crate::table::{Samples, Table, Unit, milliseconds};

const START: &str = "sandbox asked for → first prompt";
const IDLE: &str = "idle sandbox, private memory";
const ECHO: &str = "key echo";
const FLOOD: &str = "terminal flood";

pub fn measure(table: &mut Table) {
    if ![START, IDLE, ECHO, FLOOD]
        .iter()
        .any(|name| table.wants(name))
    {
        return;
    }
    let server = TestServer::start();
    let lesson = lesson::first().lesson;
    start(table, &server, &lesson);
    let visitor = server.visitor();
    let mut terminal = visitor.terminal(&visitor.sandbox(&lesson));
    terminal.command("echo re''ady", "ready");
    idle(table, &mut terminal);
    echo(table, &mut terminal);
    flood(table, &mut terminal);
}

fn start(table: &mut Table, server: &TestServer, lesson: &str) {
    let ours = Samples(
        (0..21)
            .map(|_| time_to_prompt(server, lesson))
            .skip(1)
            .collect(),
    );
    let real = find("/usr/sbin/dockerd").map(|_| dockerd_start());
    let beside: Vec<(&str, &Samples)> = real
        .iter()
        .map(|samples| ("dockerd answers", samples))
        .collect();
    table.add(START, Unit::Milliseconds, &ours, &beside);
}

/// From the request for a sandbox to the first bytes of its shell, for a learner who has the page open.
fn time_to_prompt(server: &TestServer, lesson: &str) -> f64 {
    let visitor = server.visitor();
    let start = Instant::now();
    let sandbox = visitor.sandbox(lesson);
    let mut terminal = visitor.terminal(&sandbox);
    while terminal.received == 0 {
        assert!(terminal.read(PATIENCE), "no prompt");
    }
    let took = milliseconds(start.elapsed());
    end(&visitor, server);
    took
}

fn end(visitor: &Visitor, server: &TestServer) {
    visitor.send("DELETE", "/api/sandbox", &[("origin", &server.url())], b"");
}

fn dockerd_start() -> Samples {
    Samples(
        (0..3)
            .map(|_| {
                let (daemon, took) = RealDockerd::start_timed();
                daemon.get("/_ping").is(200);
                milliseconds(took)
            })
            .collect(),
    )
}

fn idle(table: &mut Table, terminal: &mut TestTerminal) {
    let engine = engine_behind(terminal);
    let processes = host::sandbox_processes(engine);
    let samples = Samples(vec![megabytes(host::private_memory(&processes))]);
    let real = find("/usr/sbin/dockerd").map(|_| {
        let daemon = RealDockerd::start();
        Samples(vec![megabytes(host::private_memory(
            &host::sandbox_processes(daemon.pid()),
        ))])
    });
    let beside: Vec<(&str, &Samples)> = real
        .iter()
        .map(|samples| ("dockerd, containerd", samples))
        .collect();
    table.add(IDLE, Unit::Megabytes, &samples, &beside);
    for pid in processes {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        eprintln!(
            "  {:8.2} MiB  {}",
            megabytes(host::private_memory(&[pid])),
            name.trim()
        );
    }
}

/// The host's pid of the engine that has this terminal; its shell is idle afterwards.
pub fn engine_behind(terminal: &mut TestTerminal) -> i32 {
    let seconds = unique_seconds();
    terminal.command(&format!("sleep {seconds} & echo star''ted"), "started");
    let sleeper = host::process_with_argument(&seconds);
    let engine = host::engine_of(sleeper);
    kill(Pid::from_raw(sleeper), Signal::SIGKILL).unwrap();
    crate::harness::process::wait_gone(sleeper, PATIENCE);
    terminal.command("clear; echo cle''ar", "clear");
    engine
}

#[expect(clippy::cast_precision_loss, reason = "megabytes")]
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn echo(table: &mut Table, terminal: &mut TestTerminal) {
    terminal.rest();
    let mut keys = Vec::new();
    for number in 0..350 {
        // A person does not type faster than this.
        while terminal.read(Duration::from_millis(10)) {}
        let before = terminal.received;
        let start = Instant::now();
        terminal.type_keys("x");
        while terminal.received == before {
            assert!(terminal.read(PATIENCE), "no echo");
        }
        // The shell's line stays short, and the first keys warm up.
        if number >= 50 {
            keys.push(milliseconds(start.elapsed()));
        }
        if number % 40 == 39 {
            terminal.type_keys("\u{15}");
        }
    }
    // Not Ctrl-C, which also throws away what is typed after it.
    terminal.type_keys("\u{15}");
    terminal.command("echo cal''m", "calm");
    table.add(ECHO, Unit::Milliseconds, &Samples(keys), &[]);
}

fn flood(table: &mut Table, terminal: &mut TestTerminal) {
    const AMOUNT: u64 = 64 << 20;
    let rates = (0..3).map(|_| {
        terminal.type_keys("yes 'the quick brown fox jumps over the lazy dog'\r");
        terminal.expect("lazy dog\r\n");
        let (start, first) = (Instant::now(), terminal.received);
        while terminal.received < first + AMOUNT {
            assert!(terminal.read(PATIENCE), "the flood ended early");
            terminal.forget();
        }
        let rate = megabytes(AMOUNT) * f64::from(1 << 20) / 1e6 / start.elapsed().as_secs_f64();
        terminal.type_keys("\u{3}");
        terminal.command("echo cal''m", "calm");
        rate
    });
    table.add(FLOOD, Unit::Throughput, &Samples(rates.collect()), &[]);
}
