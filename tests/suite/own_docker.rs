//! The `docker` command on the workstation: our own, by the same rules as the real one.

use crate::harness::need::needs;
use crate::harness::shell::{script, shell, shell_with};

#[test]
fn first_session_reads_like_docker() {
    needs!(UserNamespaces);
    let said = script(
        "cd /tmp && printf \"FROM busybox\\nCMD [\\\"echo\\\",\\\"hi\\\"]\\n\" > Dockerfile && docker build -t a . 2>&1 \
         && docker run --rm a && docker run --rm a echo other && docker images && docker history a",
    )
    .good();
    let lines: Vec<&str> = said.lines().collect();
    for wanted in [
        "#1 [internal] load build definition from Dockerfile",
        "hi",
        "other",
    ] {
        assert!(lines.contains(&wanted), "no {wanted:?} in {said}");
    }
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with(" naming to docker.io/library/a:latest done")),
        "{said}"
    );
    let heading = |words: &[&str]| {
        lines
            .iter()
            .any(|line| line.split_whitespace().eq(words.iter().copied()))
    };
    assert!(
        heading(&["REPOSITORY", "TAG", "IMAGE", "ID", "CREATED", "SIZE"]),
        "{said}"
    );
    assert!(
        heading(&["IMAGE", "CREATED", "CREATED", "BY", "SIZE", "COMMENT"]),
        "{said}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("busybox ") && line.contains("latest")),
        "{said}"
    );
}

#[test]
fn command_s_code_is_the_shell_s() {
    needs!(UserNamespaces);
    shell(&["sh", "-c", "exit 42"]).exits(42);
    shell(&["true"]).exits(0);
    shell(&["no-such-command"]).exits(127);
    shell(&["sh", "-c", "kill -TERM $$"]).exits(143);
}

#[test]
fn codes_are_docker_s() {
    needs!(UserNamespaces);
    let said = script(
        "docker run --rm busybox sh -c 'exit 9'; echo run=$?; docker run --rm busybox nothing; echo missing=$?; \
         docker run --rm busybox /etc/passwd; echo denied=$?; docker run --no-such-flag busybox; echo flag=$?; \
         docker run -d --name box busybox sleep 1000; docker exec box sh -c 'exit 5'; echo exec=$?; \
         docker rm box; echo rm=$?; docker rm -f box; echo forced=$?; docker nonsense; echo unknown=$?",
    );
    for wanted in [
        "run=9",
        "missing=127",
        "denied=126",
        "flag=125",
        "exec=5",
        "rm=1",
        "forced=0",
        "unknown=1",
    ] {
        assert!(
            said.stdout.lines().any(|line| line == wanted),
            "no {wanted}: {said:?}"
        );
    }
}

#[test]
fn pipes_pass_through_both_commands() {
    needs!(UserNamespaces);
    let counted = shell_with(
        &["docker", "run", "-i", "--rm", "busybox", "wc", "-c"],
        &vec![b'x'; 200_000],
    )
    .good();
    assert_eq!(counted.trim(), "200000");
}

#[test]
fn workstation_has_bash_with_completion_and_a_home() {
    needs!(UserNamespaces);
    needs_bash(|| {
        let said = shell(&[
            "bash",
            "-lic",
            "complete -p docker; echo $HOME; echo $BASH_VERSION",
        ])
        .good();
        assert!(
            said.contains("complete ") && said.contains("/root") && said.contains("5."),
            "{said}"
        );
    });
}

/// Where bash cannot be had, the workstation's shell is ash, and these facts do not hold.
fn needs_bash(fact: impl FnOnce()) {
    if script("command -v bash").code == 0 {
        fact();
    } else {
        eprintln!("SKIPPED: the workstation has no bash");
    }
}

#[test]
fn unknown_image_is_refused_with_a_next_step() {
    needs!(UserNamespaces);
    let said = script("docker run --rm nothing-like-it true; echo code=$?");
    assert!(said.stdout.contains("code=125"), "{said:?}");
    assert!(said.stderr.contains("nothing-like-it"), "{said:?}");
}

#[test]
fn port_out_of_range_is_refused() {
    needs!(UserNamespaces);
    let said = script("docker run --rm -p 99999:80 busybox true").exits(125);
    assert!(said.stderr.contains("invalid hostPort: 99999"), "{said:?}");
}

#[test]
fn hello_world_runs_from_scratch() {
    needs!(UserNamespaces);
    let said = script("docker run --rm hello-world").good();
    assert!(said.contains("Hello"), "{said}");
    let size = script("docker history --format '{{.Size}}' hello-world").good();
    assert!(!size.contains("MB"), "it is tiny: {size}");
}
