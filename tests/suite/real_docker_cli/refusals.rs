use crate::harness::engine::Daemon as _;

use super::{Desk, facts};

facts!(
    unknown_instruction_is_named_with_its_line,
    missing_copy_source_is_named,
    bad_reference_is_refused,
    unknown_container_is_named,
    empty_dockerfile_is_refused,
    malformed_json_is_a_bad_request,
    unknown_base_image_fails_the_build,
    start_of_a_running_container_is_no_error,
    exec_needs_a_running_container,
    body_over_its_limit_is_refused,
    port_out_of_range_is_refused,
);

fn unknown_instruction_is_named_with_its_line(desk: &Desk) {
    desk.write("Dockerfile", "FROM busybox\n\nRUNN echo hi\n");
    let refused = desk.run(&["build", "."]).exits(1);
    assert!(
        refused.stderr.contains("line 3") && refused.stderr.contains("unknown instruction: RUNN"),
        "{}",
        refused.stderr
    );
}

fn missing_copy_source_is_named(desk: &Desk) {
    desk.write("Dockerfile", "FROM busybox\nCOPY nothing.txt /\n");
    let refused = desk.run(&["build", "."]).exits(1);
    let wanted = "COPY failed: file not found in build context or excluded by .dockerignore: stat nothing.txt: file does not exist";
    assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
}

fn bad_reference_is_refused(desk: &Desk) {
    let refused = desk.run(&["run", "--rm", "Busybox", "true"]).exits(125);
    assert!(
        refused.stderr.contains("repository name must be lowercase")
            || refused.stderr.contains("invalid reference format"),
        "{}",
        refused.stderr
    );
}

fn unknown_container_is_named(desk: &Desk) {
    for words in [
        &["start", "ghost"][..],
        &["stop", "ghost"],
        &["logs", "ghost"],
        &["kill", "ghost"],
        &["restart", "ghost"],
    ] {
        let refused = desk.run(words).exits(1);
        assert!(
            refused.stderr.contains("No such container: ghost"),
            "{words:?}: {}",
            refused.stderr
        );
    }
}

fn empty_dockerfile_is_refused(desk: &Desk) {
    desk.write("Dockerfile", "# nothing but a remark\n");
    let refused = desk.run(&["build", "."]).exits(1);
    assert!(
        refused.stderr.to_lowercase().contains("no instructions")
            || refused.stderr.contains("cannot be empty"),
        "{}",
        refused.stderr
    );
}

fn malformed_json_is_a_bad_request(desk: &Desk) {
    let answer = desk
        .engine
        .request("POST", "/v1.41/containers/create", b"{\"Image\": ");
    // Docker 20.10 answered 500; every later one 400.
    assert!(answer.status == 400 || !desk.ours(), "{}", answer.status);
    assert!(answer.json()["message"].is_string(), "{}", answer.text());
    let answer = desk.engine.get("/v1.41/containers/ghost/json").is(404);
    assert_eq!(answer.json()["message"], "No such container: ghost");
    desk.engine.get("/v1.41/no/such/page").is(404);
}

fn unknown_base_image_fails_the_build(desk: &Desk) {
    desk.write("Dockerfile", "FROM no-such-image-anywhere:1\n");
    let refused = desk.run(&["build", "."]).exits(1);
    if desk.ours() {
        assert!(
            refused.stderr.contains("no-such-image-anywhere"),
            "{}",
            refused.stderr
        );
    }
}

fn start_of_a_running_container_is_no_error(desk: &Desk) {
    desk.good(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    assert_eq!(desk.good(&["start", "box"]), "box");
    desk.good(&["stop", "-t", "0", "box"]);
    assert_eq!(
        desk.good(&["stop", "box"]),
        "box",
        "nor is the stop of a stopped one"
    );
    let refused = desk.run(&["kill", "box"]).exits(1);
    assert!(
        refused.stderr.contains("is not running"),
        "{}",
        refused.stderr
    );
}

fn exec_needs_a_running_container(desk: &Desk) {
    let refused = desk.run(&["exec", "ghost", "true"]).exits(1);
    assert!(
        refused.stderr.contains("No such container: ghost"),
        "{}",
        refused.stderr
    );
    desk.good(&["create", "--name", "idle", "busybox"]);
    let refused = desk.run(&["exec", "idle", "true"]).exits(1);
    assert!(
        refused.stderr.contains("is not running"),
        "{}",
        refused.stderr
    );
}

fn body_over_its_limit_is_refused(desk: &Desk) {
    if !desk.ours() {
        eprintln!("SKIPPED: a real daemon takes any length");
        return;
    }
    let large = format!(
        "{{\"Image\": \"busybox\", \"Labels\": {{\"a\": \"{}\"}}}}",
        "x".repeat(64 << 20)
    );
    let answer = desk
        .engine
        .request("POST", "/v1.41/containers/create", large.as_bytes());
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert_eq!(
        desk.good(&["run", "--rm", "busybox", "echo", "fine"]),
        "fine"
    );
}

fn port_out_of_range_is_refused(desk: &Desk) {
    let refused = desk
        .run(&["run", "--rm", "-p", "99999:80", "busybox", "true"])
        .exits(125);
    assert!(refused.stderr.contains("99999"), "{}", refused.stderr);
}
