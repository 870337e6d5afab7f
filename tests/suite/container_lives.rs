//! What becomes of containers by themselves: health checks, restarts, logs, events; and a websocket on their streams.

use std::os::unix::net::UnixStream;

use tungstenite::Message;
use tungstenite::client::IntoClientRequest as _;

use crate::harness::docker::{Docker, Which};
use crate::harness::engine::{Daemon, TestEngine};
use crate::harness::need::needs;
use crate::harness::{PATIENCE, wait};

fn desk() -> (TestEngine, Docker) {
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Newest, &engine);
    (engine, docker)
}

/// Waits until `docker inspect` says so.
#[track_caller]
fn until_it_says(docker: &Docker, name: &str, template: &str, wanted: &str) {
    wait::until_true(&format!("{template} {wanted}"), PATIENCE, || {
        docker.good(&["inspect", "-f", template, name]) == wanted
    });
}

/// The events up to this moment. The client's own `--until 0s` would round it down to a second.
#[track_caller]
fn until_now(docker: &Docker, more: &[&str]) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let until = format!("{}.{:09}", now.as_secs(), now.subsec_nanos());
    docker.good(&[&["events", "--since", "1", "--until", &until], more].concat())
}

#[test]
fn health_follows_what_the_check_says() {
    needs!(UserNamespaces, Docker);
    let (_engine, docker) = desk();
    let health = "{{.State.Health.Status}}";
    docker.good(&[
        "run",
        "-d",
        "--name",
        "web",
        "--health-cmd",
        "echo looked; test -f /ok",
        "--health-interval",
        "100ms",
        "--health-retries",
        "2",
        "busybox",
        "sleep",
        "1000",
    ]);
    until_it_says(&docker, "web", health, "unhealthy");
    let status = docker.good(&["ps", "--format", "{{.Status}}"]);
    assert!(status.ends_with("(unhealthy)"), "{status}");
    docker.good(&["exec", "web", "touch", "/ok"]);
    until_it_says(&docker, "web", health, "healthy");
    assert_eq!(
        docker.good(&["ps", "--filter", "health=healthy", "--format", "{{.Names}}"]),
        "web"
    );
    let log = docker.good(&[
        "inspect",
        "-f",
        "{{len .State.Health.Log}} {{(index .State.Health.Log 0).Output}}",
        "web",
    ]);
    assert!(log.ends_with("looked"), "{log}");

    docker.good(&["stop", "-t", "0", "web"]);
    assert_eq!(docker.good(&["inspect", "-f", health, "web"]), "unhealthy");
    let said = until_now(
        &docker,
        &["--filter", "event=health_status", "--format", "{{.Action}}"],
    );
    let said: Vec<_> = said.lines().collect();
    assert_eq!(said, ["health_status: unhealthy", "health_status: healthy"]);
}

#[test]
fn a_check_that_takes_too_long_is_ended_and_counts_as_failed() {
    needs!(UserNamespaces, Docker);
    let (_engine, docker) = desk();
    docker.good(&[
        "run",
        "-d",
        "--name",
        "slow",
        "--health-cmd",
        "echo begun; exec sleep 777",
        "--health-interval",
        "50ms",
        "--health-timeout",
        "300ms",
        "--health-retries",
        "1",
        "busybox",
        "sleep",
        "1000",
    ]);
    until_it_says(&docker, "slow", "{{.State.Health.Status}}", "unhealthy");
    let last = docker.good(&[
        "inspect",
        "-f",
        "{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}",
        "slow",
    ]);
    assert_eq!(last, "-1 Health check exceeded timeout (300ms): begun");
    until_it_says(
        &docker,
        "slow",
        "{{ge .State.Health.FailingStreak 4}}",
        "true",
    );
    let left = docker.good(&["top", "slow"]).matches("sleep 777").count();
    assert!(left <= 1, "{left} checks run at once");
}

#[test]
fn a_policy_starts_a_container_again_until_it_is_stopped() {
    needs!(UserNamespaces, Docker);
    let (_engine, docker) = desk();
    docker.good(&[
        "run",
        "-d",
        "--name",
        "few",
        "--restart",
        "on-failure:2",
        "busybox",
        "false",
    ]);
    until_it_says(
        &docker,
        "few",
        "{{.RestartCount}} {{.State.Status}}",
        "2 exited",
    );

    docker.good(&[
        "run",
        "-d",
        "--name",
        "ever",
        "--restart",
        "always",
        "busybox",
        "false",
    ]);
    // The pauses grow: one is soon long enough to look at.
    until_it_says(
        &docker,
        "ever",
        "{{ge .RestartCount 4}} {{.State.Status}}",
        "true restarting",
    );
    let refused = docker.run(&["rm", "ever"]).exits(1);
    assert!(
        refused
            .stderr
            .contains("You cannot remove a restarting container"),
        "{}",
        refused.stderr
    );
    docker.good(&["stop", "ever"]);
    assert_eq!(
        docker.good(&[
            "inspect",
            "-f",
            "{{.State.Status}} {{.State.ExitCode}}",
            "ever"
        ]),
        "exited 1"
    );
    docker.good(&["start", "ever"]);
    docker.good(&["rm", "-f", "ever"]);
}

#[test]
fn a_log_keeps_no_more_than_its_options_say() {
    needs!(UserNamespaces, Docker);
    let (_engine, docker) = desk();
    let printed = docker.good(&[
        "run",
        "--name",
        "talker",
        "--log-opt",
        "max-size=10k",
        "--log-opt",
        "max-file=2",
        "busybox",
        "seq",
        "100000",
    ]);
    assert!(printed.starts_with("1\n2\n") && printed.ends_with("\n100000"));
    let kept = docker.good(&["logs", "talker"]);
    assert!(kept.ends_with("\n100000"), "the end is kept");
    assert!(
        (5_000..=20_000).contains(&kept.len()),
        "{} bytes",
        kept.len()
    );
    assert_eq!(docker.good(&["logs", "--tail", "1", "talker"]), "100000");

    docker.good(&[
        "run",
        "--name",
        "mute",
        "--log-driver",
        "none",
        "busybox",
        "echo",
        "hi",
    ]);
    let refused = docker.run(&["logs", "mute"]).exits(1);
    assert!(
        refused
            .stderr
            .contains("configured logging driver does not support reading"),
        "{}",
        refused.stderr
    );
}

#[test]
fn events_tell_a_run_in_dockers_order() {
    needs!(UserNamespaces, Docker);
    let (_engine, docker) = desk();
    docker.good(&["run", "--rm", "-v", "/anonymous", "busybox", "true"]);
    let said = until_now(&docker, &["--format", "{{.Type}} {{.Action}}"]);
    let said: Vec<_> = said.lines().collect();
    assert_eq!(
        said,
        [
            "volume create",
            "container create",
            "container attach",
            "network connect",
            "volume mount",
            "container start",
            "container die",
            "network disconnect",
            "volume unmount",
            "volume destroy",
            "container destroy",
        ]
    );
}

#[test]
fn a_websocket_carries_a_containers_streams() {
    needs!(UserNamespaces, Docker);
    let (engine, docker) = desk();
    docker.good(&[
        "create",
        "-i",
        "--name",
        "echo",
        "busybox",
        "sh",
        "-c",
        "echo ready; cat",
    ]);
    docker.good(&["start", "echo"]);
    wait::until_true("its first line", PATIENCE, || {
        docker.good(&["logs", "echo"]) == "ready"
    });
    let stream = UnixStream::connect(engine.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let url = "ws://localhost/v1.50/containers/echo/attach/ws?logs=1&stream=1&stdin=1&stdout=1";
    let (mut socket, answer) =
        tungstenite::client(url.into_client_request().unwrap(), stream).unwrap();
    assert_eq!(answer.status(), 101);
    let mut heard = Vec::new();
    socket.send(Message::Binary("typed\n".into())).unwrap();
    while heard != b"ready\ntyped\n" {
        match socket.read().unwrap() {
            Message::Binary(bytes) => heard.extend_from_slice(&bytes),
            other => panic!("{other:?} after {heard:?}"),
        }
    }
    drop(socket);

    // What was created with `-i` reads the end of its input when the client goes.
    until_it_says(
        &docker,
        "echo",
        "{{.State.Status}} {{.State.ExitCode}}",
        "exited 0",
    );
    assert_eq!(docker.good(&["logs", "echo"]), "ready\ntyped");
    let plain = engine.get("/containers/echo/attach/ws?stream=1");
    assert_eq!(plain.status, 400, "{}", plain.text());
}
