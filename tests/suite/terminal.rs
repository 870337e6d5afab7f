//! The terminal's websocket: what is typed, what is shown, what a lost line or server costs.

use nix::sys::signal::Signal;

use crate::harness::need::needs;
use crate::harness::server::TestServer;
use crate::harness::{PATIENCE, host, lesson, process, unique_seconds, wait};

#[test]
fn shell_answers_what_is_typed() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let mut terminal = visitor.terminal(&visitor.sandbox(&lesson::first().lesson));
    terminal.command("echo $((6 * 7))", "42");
    terminal.command("tty", "/dev/pts/");
    terminal.command(
        "docker run --rm busybox echo from a cont''ainer",
        "from a container",
    );
    terminal.type_keys("exit 3\r");
    terminal.wait_closed();
    assert_eq!(terminal.exit, Some(3));
}

#[test]
fn size_follows_the_window() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let mut terminal = visitor.terminal(&visitor.sandbox(&lesson::first().lesson));
    terminal.command("stty size", "24 80");
    terminal.resize(123, 45);
    terminal.command("stty size", "45 123");
}

#[test]
fn page_of_another_origin_is_refused() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let sandbox = visitor.sandbox(&lesson::first().lesson);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(visitor.refused_terminal(&sandbox, origin), 403, "{origin}");
    }
}

#[test]
fn new_connection_sees_the_same_shell_and_its_last_output() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let sandbox = visitor.sandbox(&lesson::first().lesson);
    let mut before = visitor.terminal(&sandbox);
    before.command("kept=val''ue; echo ma''rker", "marker");
    drop(before);
    let mut after = visitor.terminal(&sandbox);
    after.expect("marker");
    after.command("echo \"<$kept>\"", "<value>");
}

#[test]
fn two_pages_share_one_shell() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let sandbox = visitor.sandbox(&lesson::first().lesson);
    let (mut left, mut right) = (visitor.terminal(&sandbox), visitor.terminal(&sandbox));
    left.command("echo le''ft", "left");
    right.expect("left");
    right.command("echo ri''ght", "right");
    left.expect("right");
}

#[test]
fn flood_does_not_grow_the_server() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let sandbox = visitor.sandbox(&lesson::first().lesson);
    let mut terminal = visitor.terminal(&sandbox);
    terminal.command("echo re''ady", "ready");
    let before = resident(server.pid());
    terminal.type_keys("yes\r");
    // A page that reads nothing while others ask; the engine lets go of it only after five seconds.
    let begun = std::time::Instant::now();
    for _ in 0..30 {
        visitor.get("/healthz").is(200);
        visitor.get("/").is(200);
        if begun.elapsed() > std::time::Duration::from_secs(2) {
            break;
        }
    }
    let stalled = resident(server.pid());
    assert!(
        stalled < before + (8 << 20),
        "from {before} to {stalled} bytes while the page did not read"
    );
    // A page that reads as fast as it can.
    let start = terminal.received;
    while terminal.received < start + (20 << 20) {
        assert!(
            terminal.read(PATIENCE),
            "the flood ended early: {:?}",
            terminal.closed
        );
        terminal.forget();
    }
    let flooded = resident(server.pid());
    assert!(
        flooded < before + (12 << 20),
        "from {before} to {flooded} bytes after 20 MiB of output"
    );
    terminal.type_keys("\u{3}");
    terminal.command("echo sti''ll here", "still here");
}

#[test]
fn page_that_does_not_read_does_not_hold_up_the_others() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let sandbox = visitor.sandbox(&lesson::first().lesson);
    let _silent = visitor.terminal(&sandbox);
    let mut other = visitor.terminal(&sandbox);
    other.command(
        "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo fin''ished",
        "finished",
    );
}

#[test]
fn restarted_server_finds_the_same_shell_with_its_processes() {
    needs!(Root);
    let mut server = TestServer::start();
    let visitor = server.visitor();
    let lesson = lesson::first().lesson;
    let sandbox = visitor.sandbox(&lesson);
    let mut terminal = visitor.terminal(&sandbox);
    let seconds = unique_seconds();
    terminal.command(
        &format!("kept=value; sleep {seconds} & echo star''ted"),
        "started",
    );
    let sleeper = host::process_with_argument(&seconds);
    let ended = server.stop(Signal::SIGTERM);
    assert!(ended.success(), "{ended}");
    assert_eq!(
        terminal.wait_closed(),
        Some(1012),
        "the page is told to come back"
    );
    assert!(process::exists(sleeper));
    server.start_again();
    assert_eq!(visitor.sandbox(&lesson), sandbox);
    let mut terminal = visitor.terminal(&sandbox);
    terminal.command("echo \"<$kept>\"; jobs", "<value>");
    terminal.expect(&format!("sleep {seconds}"));
    assert!(process::exists(sleeper));
}

#[test]
fn killed_server_s_sandbox_is_found_again() {
    needs!(Root);
    let mut server = TestServer::start();
    let visitor = server.visitor();
    let lesson = lesson::first().lesson;
    let sandbox = visitor.sandbox(&lesson);
    visitor
        .terminal(&sandbox)
        .command("kept=value; echo se''t", "set");
    server.stop(Signal::SIGKILL);
    server.start_again();
    assert_eq!(visitor.sandbox(&lesson), sandbox);
    visitor
        .terminal(&sandbox)
        .command("echo \"<$kept>\"", "<value>");
}

#[test]
fn interrupt_ends_every_sandbox() {
    needs!(Root);
    let mut server = TestServer::start();
    let sleepers: Vec<i32> = (0..2)
        .map(|_| {
            let visitor = server.visitor();
            let seconds = unique_seconds();
            let mut terminal = visitor.terminal(&visitor.sandbox(&lesson::first().lesson));
            terminal.command(&format!("sleep {seconds} & echo star''ted"), "started");
            host::process_with_argument(&seconds)
        })
        .collect();
    let ended = server.stop(Signal::SIGINT);
    assert!(ended.success(), "{ended}");
    for sleeper in sleepers {
        process::wait_gone(sleeper, PATIENCE);
    }
}

#[test]
fn dead_sandbox_is_said_and_a_new_one_can_be_had() {
    needs!(Root);
    let server = TestServer::start();
    let visitor = server.visitor();
    let lesson = lesson::first().lesson;
    let sandbox = visitor.sandbox(&lesson);
    let mut terminal = visitor.terminal(&sandbox);
    let seconds = unique_seconds();
    terminal.command(&format!("sleep {seconds} & echo star''ted"), "started");
    let engine = host::engine_of(host::process_with_argument(&seconds));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(engine), Signal::SIGKILL).unwrap();
    assert_eq!(terminal.wait_closed(), Some(4404));
    wait::until_true("the sandbox to be known as ended", PATIENCE, || {
        visitor.get(&format!("/api/sandbox?lesson={lesson}")).json()["state"] != "running"
    });
    let next = visitor.sandbox(&lesson);
    assert_ne!(next, sandbox);
    visitor.terminal(&next).command("echo al''ive", "alive");
}

/// Memory of the process that is not shared with a file, in bytes.
fn resident(pid: i32) -> u64 {
    let words = host::status_words(pid, "RssAnon:");
    words[0].parse::<u64>().unwrap() * 1024
}
