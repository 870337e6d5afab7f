use super::{Desk, facts};

facts!(
    the_command_s_code_is_the_client_s,
    code_is_128_plus_signal,
    code_is_125_when_the_daemon_refuses,
    code_is_126_when_the_command_cannot_be_executed,
    code_is_127_when_the_command_is_not_found,
    exec_passes_on_the_code,
    wait_prints_the_code,
    inspect_remembers_the_code,
);

fn the_command_s_code_is_the_client_s(desk: &Desk) {
    desk.run(&["run", "--rm", "busybox", "true"]).exits(0);
    desk.run(&["run", "--rm", "busybox", "sh", "-c", "exit 9"])
        .exits(9);
}

fn code_is_128_plus_signal(desk: &Desk) {
    // A first process ignores signals that it does not handle, so a child gets it.
    desk.run(&[
        "run",
        "--rm",
        "busybox",
        "sh",
        "-c",
        "sh -c 'kill -TERM $$'; exit $?",
    ])
    .exits(128 + 15);
    desk.good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    desk.good(&["kill", "box"]);
    assert_eq!(desk.good(&["wait", "box"]), "137");
}

fn code_is_125_when_the_daemon_refuses(desk: &Desk) {
    desk.run(&["run", "--no-such-flag", "busybox"]).exits(125);
    desk.good(&["run", "-d", "--name", "taken", "busybox", "sleep", "1000"]);
    let refused = desk
        .run(&["run", "--name", "taken", "busybox", "true"])
        .exits(125);
    let wanted = "Conflict. The container name \"/taken\" is already in use by container";
    assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
    let refused = desk
        .run(&["run", "--name", "x", "busybox", "true"])
        .exits(125);
    let wanted = "Invalid container name (x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed";
    assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
}

fn code_is_126_when_the_command_cannot_be_executed(desk: &Desk) {
    let refused = desk
        .run(&["run", "--rm", "busybox", "/etc/passwd"])
        .exits(126);
    assert!(
        refused.stderr.contains("permission denied"),
        "{}",
        refused.stderr
    );
}

fn code_is_127_when_the_command_is_not_found(desk: &Desk) {
    let refused = desk
        .run(&["run", "--rm", "busybox", "no-such-command"])
        .exits(127);
    let wanted = "exec: \"no-such-command\": executable file not found in $PATH";
    assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
}

fn exec_passes_on_the_code(desk: &Desk) {
    desk.good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    desk.run(&["exec", "box", "sh", "-c", "exit 7"]).exits(7);
    desk.run(&["exec", "box", "sh", "-c", "kill -KILL $$"])
        .exits(137);
    desk.run(&["exec", "box", "no-such-command"])
        .exits(if desk.ours() { 127 } else { 126 });
    desk.run(&["exec", "no-such-container", "true"]).exits(1);
}

fn wait_prints_the_code(desk: &Desk) {
    desk.good(&[
        "run", "-d", "--name", "box", "busybox", "sh", "-c", "exit 3",
    ]);
    assert_eq!(desk.good(&["wait", "box"]), "3");
}

fn inspect_remembers_the_code(desk: &Desk) {
    desk.run(&["run", "--name", "box", "busybox", "sh", "-c", "exit 4"])
        .exits(4);
    assert_eq!(
        desk.good(&[
            "inspect",
            "-f",
            "{{.State.Status}} {{.State.ExitCode}} {{.State.Running}}",
            "box"
        ]),
        "exited 4 false"
    );
    assert!(desk.good(&["ps", "-a"]).contains("Exited (4) "));
}
