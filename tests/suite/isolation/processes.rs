use std::process::Command;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::engine::TestEngine;
use crate::harness::need::needs;
use crate::harness::process::{Guard, exists, wait_gone};
use crate::harness::shell::script;
use crate::harness::{PATIENCE, host, unique_seconds};

use super::{MOST, Sandbox};

#[test]
fn host_processes_are_invisible() {
    needs!(Docker);
    let seconds = unique_seconds();
    let _on_host = Guard::spawn(Command::new("sleep").arg(&seconds));
    let sandbox = Sandbox::new();
    let listed = sandbox.docker.good(
        &[
            &["run", "--rm"],
            MOST,
            &["busybox"],
            &["ps", "-o", "pid,args"],
        ]
        .concat(),
    );
    assert!(!listed.contains(&seconds), "{listed}");
    assert_eq!(
        listed.lines().count(),
        2,
        "a heading and ps itself: {listed}"
    );
    let listed = script("ps -o pid,args").good();
    assert!(
        !listed.contains(&seconds) && !listed.contains("drydock serve"),
        "{listed}"
    );
}

#[test]
fn processes_of_another_sandbox_are_invisible() {
    needs!(Docker);
    let (mine, other) = (Sandbox::new(), Sandbox::new());
    let seconds = unique_seconds();
    other
        .docker
        .good(&["run", "-d", "busybox", "sleep", &seconds]);
    host::process_with_argument(&seconds);
    let listed = mine
        .docker
        .good(&[&["run", "--rm"], MOST, &["busybox"], &["ps", "-o", "args"]].concat());
    assert!(!listed.contains(&seconds), "{listed}");
    assert_eq!(mine.docker.good(&["ps", "-a", "-q"]), "");
}

#[test]
fn workstation_sees_its_containers_but_not_its_engine() {
    let seconds = unique_seconds();
    let listed = script(&format!(
        "docker run -d busybox sleep {seconds} >/dev/null && ps -o pid,args"
    ))
    .good();
    assert!(
        listed.contains(&format!("sleep {seconds}")),
        "as on a real Docker host: {listed}"
    );
    assert!(!listed.contains("engine"), "{listed}");
}

#[test]
fn root_of_a_container_cannot_signal_the_engine() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let engine = sandbox.engine_pid();
    // -1 is every process it can see; the numbers are the engine's inside and outside.
    let everything = format!("kill -9 -1; kill -9 {engine}; true");
    sandbox.docker.run(
        &[
            &["run", "--rm"],
            MOST,
            &["busybox"],
            &["sh", "-c", &everything],
        ]
        .concat(),
    );
    assert!(exists(engine));
    assert_eq!(
        sandbox
            .docker
            .good(&["run", "--rm", "busybox", "echo", "alive"]),
        "alive"
    );
}

#[test]
fn killing_the_engine_ends_every_process_of_the_sandbox() {
    needs!(Docker, Root);
    let sandbox = Sandbox::new();
    let sleeper = sandbox.sleeper();
    let engine = host::engine_of(sleeper);
    let all = host::sandbox_processes(engine);
    assert!(all.contains(&sleeper) && all.len() >= 2, "{all:?}");
    kill(Pid::from_raw(engine), Signal::SIGKILL).unwrap();
    for pid in all {
        wait_gone(pid, PATIENCE);
    }
}

#[test]
fn terminating_the_command_ends_its_sandbox() {
    needs!(Docker, Root);
    let mut engine = TestEngine::start();
    let docker =
        crate::harness::docker::Docker::new(crate::harness::docker::Which::Newest, &engine);
    let seconds = unique_seconds();
    docker.good(&["run", "-d", "busybox", "sleep", &seconds]);
    let sleeper = host::process_with_argument(&seconds);
    let ended = engine
        .keeper()
        .end(Signal::SIGTERM, Duration::from_secs(20));
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    wait_gone(sleeper, PATIENCE);
}

#[test]
fn no_descriptor_of_the_host_leaks_inside() {
    needs!(Docker);
    // A descriptor without close-on-exec, as a careless parent would leave it.
    let canary = tempfile::NamedTempFile::new().unwrap();
    let _leaky = nix::unistd::dup(canary.as_file()).unwrap();
    let sandbox = Sandbox::with_probe();
    for options in [&[][..], MOST, &["-i"]] {
        let listed = sandbox.probe(options, &["descriptors"]);
        assert_standard(&listed);
    }
    sandbox
        .docker
        .good(&["run", "-d", "--name", "box", "probe", "sleep", "1000"]);
    assert_standard(
        &sandbox
            .docker
            .good(&["exec", "box", "/probe", "descriptors"]),
    );
    let listed = crate::harness::probe::on_workstation("descriptors").good();
    assert_standard(&listed);
}

#[track_caller]
fn assert_standard(listed: &str) {
    let numbers: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(number, _)| number)
        .collect();
    assert!(
        numbers
            .iter()
            .all(|number| ["0", "1", "2"].contains(number)),
        "{listed}"
    );
}
