//! `docker build` with our own client on our own engine: what a learner sees of it.

use crate::harness::docker::{Docker, Which};
use crate::harness::engine::TestEngine;
use crate::harness::need::needs;

const DOCKERFILE: &str = "FROM busybox\nWORKDIR /app\nCOPY . .\nRUN echo one; echo two\n";

#[test]
fn a_terminal_shows_a_build_as_buildkit_does() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    docker.write("ctx/Dockerfile", DOCKERFILE);
    docker.write("ctx/app.py", "print(1)\n");

    let build = docker.on_terminal(&["build", "-t", "a", "ctx"]);
    let (code, shown) = build.finish();
    assert_eq!(code, 0, "{shown}");
    let last = last_block(&shown);
    assert!(last.starts_with("[+] Building "), "{last}");
    assert!(
        last.contains(" FINISHED ") && last.contains("docker:default"),
        "{last}"
    );
    for step in [
        " => [internal] load build definition from Dockerfile ",
        " => => transferring dockerfile: 58B ",
        " => [internal] load metadata for docker.io/library/busybox:latest ",
        " => [internal] load .dockerignore ",
        " => CACHED [1/4] FROM docker.io/library/busybox:latest ",
        " => [internal] load build context ",
        " => [2/4] WORKDIR /app ",
        " => [3/4] COPY . . ",
        " => [4/4] RUN echo one; echo two ",
        " => exporting to image ",
        " => => naming to docker.io/library/a:latest ",
    ] {
        assert!(last.contains(step), "no {step:?} in {last}");
    }
    // Drawn in blue, with the cursor given back.
    assert!(
        last.contains("\x1b[34m") && shown.ends_with("\x1b[?25h"),
        "{shown:?}"
    );

    let (code, shown) = docker.on_terminal(&["build", "ctx"]).finish();
    let last = last_block(&shown);
    assert!(
        code == 0 && last.contains(" => CACHED [4/4] RUN echo one; echo two "),
        "{last}"
    );

    docker.write(
        "ctx/Dockerfile",
        &format!("{DOCKERFILE}RUN echo oh; exit 3\n"),
    );
    let (code, shown) = docker.on_terminal(&["build", "ctx"]).finish();
    assert_eq!(code, 1, "{shown}");
    assert!(
        last_block(&shown).contains("\x1b[31m => ERROR [5/5] RUN echo oh; exit 3 "),
        "{shown}"
    );
    let under = shown.rsplit("\x1b[?25h").next().unwrap().replace('\r', "");
    assert!(
        under.starts_with("------\n > [5/5] RUN echo oh; exit 3:\n0."),
        "{under}"
    );
    assert!(
        under.ends_with(
            " oh\n------\nDockerfile:5\n--------------------\n   3 |     COPY . .\n   4 |     RUN echo one; echo two\n   5 | >>> RUN echo oh; exit 3\n   6 |     \n--------------------\nERROR: failed to solve: process \"/bin/sh -c echo oh; exit 3\" did not complete successfully: exit code: 3\n"
        ),
        "{under}"
    );
}

#[test]
fn an_interrupt_ends_the_build_and_what_it_runs() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    docker.write(
        "ctx/Dockerfile",
        "FROM busybox\nRUN echo begun; sleep 1000\n",
    );
    let mut build = docker.on_terminal(&["build", "ctx"]);
    build.expect(" => => # begun");
    build.type_keys("\x03");
    let (code, shown) = build.finish();
    assert_eq!(code, 130, "{shown}");
    let last = last_block(&shown);
    assert!(
        last.contains("\x1b[33m => CANCELED [2/2] RUN echo begun; sleep 1000 "),
        "{last}"
    );
    assert!(
        shown.ends_with("ERROR: failed to solve: Canceled: context canceled\r\n"),
        "{shown}"
    );
}

#[test]
fn explain_names_the_file_and_what_to_move() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    docker.write(
        "ctx/Dockerfile",
        "FROM busybox\nCOPY . .\nRUN : pip install -r requirements.txt\n",
    );
    docker.write("ctx/requirements.txt", "flask\n");
    docker.write("ctx/app.py", "print(1)\n");
    let explained = || {
        docker
            .run(&["build", "--explain", "--progress=quiet", "ctx"])
            .stderr
    };
    let first = explained();
    assert!(first.contains("first build of this"), "{first}");
    let again = explained();
    assert!(again.contains("steps came from the cache"), "{again}");
    docker.write("ctx/app.py", "print(2)\n");
    let changed = explained();
    assert!(changed.contains("    app.py changed\n"), "{changed}");
    assert!(
        changed.contains("Copy requirements.txt first, and the rest after that step:"),
        "{changed}"
    );
    assert!(
        changed.contains("      COPY requirements.txt ./\n"),
        "{changed}"
    );
}

/// What the terminal was drawn last, from its first line to where the cursor is shown again.
fn last_block(shown: &str) -> &str {
    let start = shown.rfind("[+] Building").unwrap();
    let rest = &shown[start..];
    &rest[..rest.find("\x1b[?25h").unwrap()]
}
