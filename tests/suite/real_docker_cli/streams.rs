use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::harness::process::Guard;
use crate::harness::{PATIENCE, wait};

use super::{Desk, facts};

facts!(
    run_on_a_terminal_is_a_terminal,
    terminal_follows_the_window_size,
    exec_on_a_terminal_is_a_terminal,
    control_c_reaches_the_process,
    stdin_ends_when_the_pipe_does,
    streams_stay_apart,
    binary_output_is_not_touched,
    logs_follow_until_the_end,
    logs_tail_and_timestamps,
    attach_sees_new_output,
);

fn run_on_a_terminal_is_a_terminal(desk: &Desk) {
    let mut terminal = desk.on_terminal(&["run", "-it", "--rm", "busybox", "sh"]);
    terminal.expect("/ # ");
    terminal.type_keys("tty; echo $((6 * 7))\r");
    terminal.expect("/dev/pts/0");
    terminal.expect("42");
    terminal.expect("/ # ");
    terminal.type_keys("exit 3\r");
    assert_eq!(terminal.code(), 3);
}

fn terminal_follows_the_window_size(desk: &Desk) {
    let mut terminal = desk.on_terminal(&["run", "-it", "--rm", "busybox", "sh"]);
    terminal.expect("/ # ");
    // The client tells the size after the start, so the shell may have to look more than once.
    terminal.type_keys("until stty size | grep -q '24 80'; do sleep 0.05; done; echo fir''st\r");
    terminal.expect("first");
    terminal.resize(100, 33);
    terminal.type_keys("until stty size | grep -q '33 100'; do sleep 0.05; done; echo sec''ond\r");
    terminal.expect("second");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.code(), 0);
}

fn exec_on_a_terminal_is_a_terminal(desk: &Desk) {
    desk.good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    let mut terminal = desk.on_terminal(&["exec", "-it", "-e", "COLOUR=blue", "box", "sh"]);
    terminal.expect("/ # ");
    terminal.type_keys("echo $COLOUR-$((40 + 2)); ps\r");
    terminal.expect("blue-42");
    terminal.expect("sleep 1000");
    terminal.expect("/ # ");
    terminal.type_keys("exit 6\r");
    assert_eq!(terminal.code(), 6);
}

fn control_c_reaches_the_process(desk: &Desk) {
    let mut terminal = desk.on_terminal(&[
        "run",
        "-it",
        "--rm",
        "busybox",
        "sh",
        "-c",
        "trap 'echo caught; exit 8' INT; echo ready; while :; do sleep 0.05; done",
    ]);
    terminal.expect("ready");
    terminal.type_keys("\u{3}");
    terminal.expect("caught");
    assert_eq!(terminal.code(), 8);
}

fn stdin_ends_when_the_pipe_does(desk: &Desk) {
    let counted = desk
        .run_with(
            &["run", "-i", "--rm", "busybox", "wc", "-c"],
            &"x".repeat(300_000),
        )
        .good();
    assert_eq!(counted.trim(), "300000");
    desk.good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    let echoed = desk
        .run_with(&["exec", "-i", "box", "cat"], "through exec\n")
        .good();
    assert_eq!(echoed, "through exec\n");
}

fn streams_stay_apart(desk: &Desk) {
    let ran = desk
        .run(&[
            "run",
            "--name",
            "box",
            "busybox",
            "sh",
            "-c",
            "echo out; echo err >&2",
        ])
        .exits(0);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("out\n", "err\n")
    );
    let logged = desk.run(&["logs", "box"]).exits(0);
    assert_eq!(
        (logged.stdout.as_str(), logged.stderr.as_str()),
        ("out\n", "err\n")
    );
}

fn binary_output_is_not_touched(desk: &Desk) {
    let script = "head -c 1000000 /dev/zero | tr '\\0' '\\001'; printf '\\002\\n'";
    let said = desk
        .run(&["run", "--rm", "busybox", "sh", "-c", script])
        .good();
    assert_eq!(said.len(), 1_000_002);
    assert!(
        said.as_bytes()[..1_000_000].iter().all(|&byte| byte == 1) && said.ends_with("\u{2}\n")
    );
}

fn logs_follow_until_the_end(desk: &Desk) {
    let script = "echo one; while [ ! -e /go ]; do sleep 0.05; done; echo two";
    desk.good(&["run", "-d", "--name", "box", "busybox", "sh", "-c", script]);
    let mut follower = Guard::spawn(
        desk.command(&["logs", "-f", "box"])
            .stdout(Stdio::piped())
            .stdin(Stdio::null()),
    );
    let mut lines = BufReader::new(follower.0.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("one"));
    desk.good(&["exec", "box", "touch", "/go"]);
    assert_eq!(lines.next().as_deref(), Some("two"));
    assert_eq!(lines.next(), None, "the follower ends with the container");
    assert!(follower.wait(PATIENCE).unwrap().success());
}

fn logs_tail_and_timestamps(desk: &Desk) {
    desk.good(&[
        "run",
        "--name",
        "box",
        "busybox",
        "sh",
        "-c",
        "echo one; echo two; echo three",
    ]);
    assert_eq!(desk.good(&["logs", "--tail", "2", "box"]), "two\nthree");
    let stamped = desk.good(&["logs", "-t", "--tail", "1", "box"]);
    let (stamp, line) = stamped.split_once(' ').unwrap();
    assert!(
        stamp.starts_with("20") && stamp.contains('T') && stamp.ends_with('Z'),
        "{stamp}"
    );
    assert_eq!(line, "three");
}

fn attach_sees_new_output(desk: &Desk) {
    let script = "while [ ! -e /go ]; do sleep 0.05; done; echo hello; sleep 0.1; exit 5";
    desk.good(&["run", "-d", "--name", "box", "busybox", "sh", "-c", script]);
    let mut attached = Guard::spawn(
        desk.command(&["attach", "--no-stdin", "box"])
            .stdout(Stdio::piped())
            .stdin(Stdio::null()),
    );
    let mut lines = BufReader::new(attached.0.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    // Output from before the attachment is not shown, so the container waits until the client is attached,
    // which no answer says: it is asked until the attached client has seen it.
    let seen = std::thread::spawn(move || lines.next());
    wait::until_true("the client to have connected", PATIENCE, || {
        connected(attached.pid())
    });
    desk.good(&["exec", "box", "touch", "/go"]);
    assert_eq!(seen.join().unwrap().as_deref(), Some("hello"));
    let status = attached.wait(PATIENCE).unwrap();
    assert_eq!(
        status.code(),
        Some(5),
        "the client passes on the container's code"
    );
}

/// Whether the process holds a Unix socket, which the client does once it has sent its request.
fn connected(pid: i32) -> bool {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    let sockets = entries
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok());
    // One for the inspection before, one hijacked.
    sockets
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
        >= 2
}
