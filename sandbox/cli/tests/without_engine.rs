//! What the command says when there is no engine, or nothing for one to do.

#![allow(clippy::expect_used)]

use std::{
    io::{Read, Write},
    os::unix::net::UnixListener,
    process::{Command, Output},
};

fn docker(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_docker"))
        .args(args)
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .env_remove("DOCKER_API_VERSION")
        .output()
        .expect("the command runs")
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

const UNREACHABLE: &str = "Cannot connect to the Docker daemon at unix:///nonexistent/docker.sock. Is the docker daemon running?";

#[test]
fn help_lists_commands_in_dockers_groups() {
    let (code, out, err) = told(&docker(&["--help"]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.starts_with(
            "Usage:  docker [OPTIONS] COMMAND\n\nA self-sufficient runtime for containers\n"
        ),
        "{out}"
    );
    assert!(
        out.contains(
            "\nCommon Commands:\n  run         Create and run a new container from an image\n"
        ),
        "{out}"
    );
    assert!(out.contains("\nManagement Commands:\n"), "{out}");
    assert!(
        out.contains("\n  -H, --host list          Daemon socket to connect to\n"),
        "{out}"
    );
}

#[test]
fn a_command_is_helped_with_under_both_its_names() {
    let (_, short, _) = told(&docker(&["ps", "--help"]));
    let (_, grouped, _) = told(&docker(&["container", "ls", "--help"]));
    let (_, topic, _) = told(&docker(&["help", "ps"]));
    assert!(short.starts_with(
        "Usage:  docker ps [OPTIONS]\n\nList containers\n\nAliases:\n  docker container ls, "
    ));
    assert_eq!(
        grouped,
        short.replace("docker ps [OPTIONS]", "docker container ls [OPTIONS]")
    );
    assert_eq!(topic, short);
}

#[test]
fn version_needs_no_engine() {
    let (code, out, _) = told(&docker(&["--version"]));
    assert_eq!(code, 0);
    assert!(
        out.starts_with(&format!(
            "Docker version {}, build ",
            env!("CARGO_PKG_VERSION")
        )),
        "{out}"
    );
    assert_eq!(told(&docker(&["-v"])).1, out);
}

#[test]
fn an_unknown_command_is_refused_in_dockers_words() {
    let (code, _, err) = told(&docker(&["psa"]));
    let words = "docker: unknown command: docker psa\n\nRun 'docker --help' for more information\n";
    assert_eq!((code, err.as_str()), (1, words));
    let (code, out, err) = told(&docker(&[]));
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(
        err.starts_with("Usage:  docker [OPTIONS] COMMAND\n"),
        "{err}"
    );
}

#[test]
fn mistakes_are_told_in_dockers_words_and_codes() {
    let (code, _, err) = told(&docker(&["ps", "--foo"]));
    let usage = "\n\nUsage:  docker ps [OPTIONS]\n\nRun 'docker ps --help' for more information\n";
    assert_eq!((code, err), (125, format!("unknown flag: --foo{usage}")));
    let (code, _, err) = told(&docker(&["ps", "foo"]));
    assert_eq!(
        (code, err),
        (
            1,
            format!("docker: 'docker ps' accepts no arguments{usage}")
        )
    );
    let (code, _, err) = told(&docker(&["run", "-p", "99999:80", "busybox"]));
    let run = "\n\nRun 'docker run --help' for more information\n";
    assert_eq!(
        (code, err),
        (125, format!("docker: invalid hostPort: 99999{run}"))
    );
    let (code, _, err) = told(&docker(&["run", "Busybox"]));
    let words =
        "docker: invalid reference format: repository name (library/Busybox) must be lowercase";
    assert_eq!((code, err), (125, format!("{words}{run}")));
}

#[test]
fn what_a_sandbox_has_not_is_explained() {
    let (code, _, err) = told(&docker(&["swarm", "init"]));
    assert_eq!(
        (code, err.as_str()),
        (
            1,
            "docker: 'docker swarm' cannot be used here: a sandbox is one node, and a swarm is made of several. Learn 'docker compose' to run several containers as one application, and 'docker network' to let them speak with each other\n"
        )
    );
}

#[test]
fn an_absent_engine_is_named() {
    let (code, out, err) = told(&docker(&["ps"]));
    assert_eq!(
        (code, out.as_str(), err),
        (1, "", format!("{UNREACHABLE}\n"))
    );
    let (code, _, err) = told(&docker(&["run", "busybox"]));
    assert_eq!(
        (code, err),
        (
            125,
            format!("docker: {UNREACHABLE}\n\nRun 'docker run --help' for more information\n")
        )
    );
    let (code, _, err) = told(&docker(&["-H", "unix:///nonexistent/other", "ps"]));
    assert_eq!(
        (code, err),
        (
            1,
            format!("{}\n", UNREACHABLE.replace("docker.sock", "other"))
        )
    );
    let (code, _, err) = told(&docker(&["-H", "tcp://127.0.0.1:2375", "ps"]));
    assert_eq!(code, 1);
    assert!(err.contains("only Unix sockets are spoken here"), "{err}");
}

#[test]
fn completion_without_an_engine_still_knows_commands_and_flags() {
    assert_eq!(
        told(&docker(&["__complete", "vo"])),
        (0, "volume\n".into(), String::new())
    );
    assert_eq!(
        told(&docker(&["__complete", "image", "h"])),
        (0, "history\n".into(), String::new())
    );
    assert_eq!(
        told(&docker(&["__complete", "run", "--net"])).1,
        "--network\n--network-alias\n"
    );
    assert_eq!(
        told(&docker(&["__complete", "rm", ""])),
        (0, String::new(), String::new())
    );
}

#[test]
fn an_engine_that_refuses_is_quoted() {
    let dir = tempfile::tempdir().expect("a directory");
    let socket = dir.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let engine = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = vec![0; 4096];
        let count = stream.read(&mut request).expect("a request");
        let body = r#"{"message":"No such container: box"}"#;
        write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("an answer");
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    let host = format!("unix://{}", socket.display());
    let (code, out, err) = told(&docker(&["-H", &host, "rm", "-v", "box"]));
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (
            1,
            "",
            "Error response from daemon: No such container: box\n"
        )
    );
    let request = engine.join().expect("the engine ends");
    assert!(
        request.starts_with("DELETE /containers/box?v=1 HTTP/1.1\r\n"),
        "{request}"
    );
}
