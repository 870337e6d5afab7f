use super::{Desk, facts};

facts!(
    version_shows_both_ends,
    detached_run_prints_the_id_and_ps_shows_it,
    stop_asks_first_and_kills_after_the_grace,
    rm_refuses_a_running_container_unless_forced,
    create_then_start_attached,
    restart_gives_a_new_first_process_in_the_same_container,
    writable_layer_survives_stop_and_start,
    rm_option_removes_the_container_afterwards,
    rename_moves_the_name,
    top_shows_the_processes,
    kill_sends_the_named_signal,
    options_of_run_reach_the_process,
);

fn version_shows_both_ends(desk: &Desk) {
    let said = desk.good(&["version"]);
    assert!(
        said.contains("Client:") && said.contains("Server:"),
        "{said}"
    );
    let api = desk.good(&["version", "--format", "{{.Server.APIVersion}}"]);
    assert!(api.starts_with("1."), "{api}");
    assert_eq!(
        desk.good(&["version", "--format", "{{.Server.Os}}"]),
        "linux"
    );
    assert!(desk.good(&["info"]).contains("Containers: 0"));
}

fn detached_run_prints_the_id_and_ps_shows_it(desk: &Desk) {
    let id = desk.good(&["run", "-d", "--name", "sleeper", "busybox", "sleep", "1000"]);
    assert!(
        id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    let table = desk.good(&["ps"]);
    let mut lines = table.lines();
    let heading: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        heading,
        [
            "CONTAINER",
            "ID",
            "IMAGE",
            "COMMAND",
            "CREATED",
            "STATUS",
            "PORTS",
            "NAMES"
        ]
    );
    let row = lines.next().unwrap();
    assert!(
        row.starts_with(&id[..12]) && row.contains("\"sleep 1000\"") && row.ends_with("sleeper"),
        "{row}"
    );
    assert!(row.contains("Up "), "{row}");
    assert_eq!(
        desk.good(&["ps", "-q", "--no-trunc", "--filter", "name=sleeper"]),
        id
    );
    assert_eq!(desk.good(&["ps", "-q", "--filter", "status=exited"]), "");
}

fn stop_asks_first_and_kills_after_the_grace(desk: &Desk) {
    let polite = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    desk.good(&[
        "run", "-d", "--name", "polite", "busybox", "sh", "-c", polite,
    ]);
    desk.good(&["run", "-d", "--name", "deaf", "busybox", "sleep", "1000"]);
    crate::harness::wait::until_true("the trap to be set", crate::harness::PATIENCE, || {
        desk.good(&["logs", "polite"]).contains("ready")
    });
    assert_eq!(desk.good(&["stop", "polite"]), "polite");
    assert_eq!(
        desk.good(&["inspect", "-f", "{{.State.ExitCode}}", "polite"]),
        "0"
    );
    assert_eq!(desk.good(&["logs", "polite"]), "ready\nbye");
    desk.good(&["stop", "-t", "1", "deaf"]);
    assert_eq!(
        desk.good(&["inspect", "-f", "{{.State.ExitCode}}", "deaf"]),
        "137"
    );
    assert_eq!(desk.good(&["ps", "-q"]), "");
}

fn rm_refuses_a_running_container_unless_forced(desk: &Desk) {
    desk.good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    let refused = desk.run(&["rm", "box"]).exits(1);
    assert!(
        refused
            .stderr
            .to_lowercase()
            .contains("cannot remove a running container"),
        "{}",
        refused.stderr
    );
    assert_eq!(desk.good(&["rm", "-f", "box"]), "box");
    let refused = desk.run(&["rm", "box"]).exits(1);
    assert!(
        refused.stderr.contains("No such container: box"),
        "{}",
        refused.stderr
    );
}

fn create_then_start_attached(desk: &Desk) {
    let id = desk.good(&["create", "--name", "box", "busybox", "echo", "started"]);
    assert_eq!(
        desk.good(&["inspect", "-f", "{{.State.Status}}", &id]),
        "created"
    );
    assert_eq!(desk.good(&["start", "-a", "box"]), "started");
    assert_eq!(
        desk.good(&["start", "-a", &id[..6]]),
        "started",
        "again, by the beginning of its id"
    );
}

fn restart_gives_a_new_first_process_in_the_same_container(desk: &Desk) {
    let id = desk.good(&[
        "run",
        "-d",
        "--name",
        "box",
        "busybox",
        "sh",
        "-c",
        "echo born; sleep 1000",
    ]);
    let started = || desk.good(&["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", "box"]);
    let before = started();
    desk.good(&["restart", "-t", "0", "box"]);
    let after = started();
    assert_ne!(before, after);
    assert!(after.starts_with(&id), "{after}");
    crate::harness::wait::until_true("the second birth", crate::harness::PATIENCE, || {
        desk.good(&["logs", "box"]) == "born\nborn"
    });
}

fn writable_layer_survives_stop_and_start(desk: &Desk) {
    desk.good(&[
        "run",
        "--name",
        "box",
        "busybox",
        "sh",
        "-c",
        "echo line >> /kept; wc -l < /kept",
    ]);
    assert_eq!(desk.good(&["start", "-a", "box"]), "2");
    assert_eq!(
        desk.good(&[
            "run",
            "--rm",
            "busybox",
            "sh",
            "-c",
            "ls /kept 2>&1 || true"
        ]),
        "ls: /kept: No such file or directory"
    );
}

fn rm_option_removes_the_container_afterwards(desk: &Desk) {
    desk.good(&["run", "--rm", "--name", "gone", "busybox", "true"]);
    assert_eq!(desk.good(&["ps", "-a", "-q"]), "");
}

fn rename_moves_the_name(desk: &Desk) {
    desk.good(&["create", "--name", "old", "busybox"]);
    desk.good(&["rename", "old", "new"]);
    assert_eq!(desk.good(&["inspect", "-f", "{{.Name}}", "new"]), "/new");
    desk.run(&["inspect", "old"]).exits(1);
}

fn top_shows_the_processes(desk: &Desk) {
    desk.good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    let table = desk.good(&["top", "box"]);
    assert!(
        table.contains("PID") && table.contains("CMD") && table.contains("sleep 1000"),
        "{table}"
    );
}

fn kill_sends_the_named_signal(desk: &Desk) {
    let script = "trap 'echo got it; exit 5' USR1; echo ready; while :; do sleep 0.05; done";
    desk.good(&["run", "-d", "--name", "box", "busybox", "sh", "-c", script]);
    crate::harness::wait::until_true("the trap to be set", crate::harness::PATIENCE, || {
        desk.good(&["logs", "box"]).contains("ready")
    });
    desk.good(&["kill", "--signal", "USR1", "box"]);
    assert_eq!(desk.good(&["wait", "box"]), "5");
    assert!(desk.good(&["logs", "box"]).contains("got it"));
}

fn options_of_run_reach_the_process(desk: &Desk) {
    let run = |words: &[&str]| desk.good(&[&["run", "--rm"], words].concat());
    assert_eq!(
        run(&["-e", "COLOUR=green", "busybox", "sh", "-c", "echo $COLOUR"]),
        "green"
    );
    assert_eq!(run(&["-w", "/tmp/deep", "busybox", "pwd"]), "/tmp/deep");
    assert_eq!(
        run(&["-u", "1234:56", "busybox", "sh", "-c", "id -u; id -g"]),
        "1234\n56"
    );
    assert_eq!(
        run(&["--hostname", "lighthouse", "busybox", "hostname"]),
        "lighthouse"
    );
    assert_eq!(
        run(&["--entrypoint", "echo", "busybox", "from", "entrypoint"]),
        "from entrypoint"
    );
    assert_eq!(
        run(&["--network", "none", "busybox", "ls", "/sys/class/net"]),
        "lo"
    );
    assert_eq!(
        run(&["busybox", "sh", "-c", "echo $$"]),
        "1",
        "it is the first process of its own namespace"
    );
}
