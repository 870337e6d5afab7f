//! Checks, and the progress that is kept of them.

use nix::sys::signal::Signal;

use crate::harness::lesson;
use crate::harness::server::TestServer;

#[test]
fn check_fails_then_passes_and_says_why() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let exercise = lesson::first();
    let sandbox = visitor.sandbox(&exercise.lesson);
    let untouched = visitor.check(&exercise.lesson, &exercise.id);
    assert_ne!(untouched["status"], "pass", "{untouched}");
    let unmet = untouched["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["status"] != "pass")
        .unwrap()
        .clone();
    assert!(
        unmet["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty()),
        "{untouched}"
    );

    let mut terminal = visitor.terminal(&sandbox);
    run_script(&mut terminal, &exercise.solution);
    let solved = visitor.check(&exercise.lesson, &exercise.id);
    assert_eq!(solved["status"], "pass", "{solved}");
    assert_eq!(solved["progress"]["done"], 1, "{solved}");
    assert_eq!(solved["attempts"], 2, "{solved}");
    assert_eq!(solved["points"], solved["max"]);
}

#[test]
fn wrong_answer_gets_its_own_message() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let exercise = lesson::first();
    let sandbox = visitor.sandbox(&exercise.lesson);
    run_script(&mut visitor.terminal(&sandbox), &exercise.wrong);
    let failed = visitor.check(&exercise.lesson, &exercise.id);
    assert_ne!(failed["status"], "pass", "{failed}");
    let keys: Vec<&str> = failed["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|check| check["key"].as_str())
        .collect();
    assert!(
        keys.contains(&exercise.key.as_str()),
        "no {} in {failed}",
        exercise.key
    );
}

#[test]
fn acknowledged_progress_survives_a_kill() {
    let mut server = TestServer::start();
    let visitor = server.visitor();
    let exercise = lesson::first();
    let sandbox = visitor.sandbox(&exercise.lesson);
    run_script(&mut visitor.terminal(&sandbox), &exercise.solution);
    assert_eq!(
        visitor.check(&exercise.lesson, &exercise.id)["status"],
        "pass"
    );
    // The moment the answer is here.
    server.stop(Signal::SIGKILL);
    server.start_again();
    let page = visitor
        .get(&format!("/lessons/{}", exercise.lesson))
        .is(200)
        .text();
    let marked = page
        .split(&format!("data-exercise=\"{}\"", exercise.id))
        .nth(1)
        .expect("the exercise is on the page");
    assert!(
        marked[..marked.find('>').unwrap()].contains("data-status=\"pass\""),
        "{}",
        &marked[..300]
    );
    let other = server
        .visitor()
        .get(&format!("/lessons/{}", exercise.lesson))
        .text();
    assert!(
        !other.contains("data-status=\"pass\""),
        "progress is each learner's own"
    );
}

#[test]
fn check_without_a_sandbox_is_refused_with_a_next_step() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let exercise = lesson::first();
    let path = format!(
        "/api/lessons/{}/exercises/{}/check",
        exercise.lesson, exercise.id
    );
    let refused = visitor.post(&path, &serde_json::json!({}));
    assert!((400..500).contains(&refused.status), "{}", refused.status);
    assert!(
        refused.json()["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty())
    );
}

/// Types a script, as one here-document for the shell, and waits for its end.
fn run_script(terminal: &mut crate::harness::terminal::TestTerminal, script: &str) {
    terminal.type_keys("stty -echo\r");
    terminal.type_keys(&format!(
        "cat > /tmp/answer.sh <<'END-OF-ANSWER'\r{}\rEND-OF-ANSWER\r",
        script.replace('\n', "\r")
    ));
    terminal.command(
        "stty echo; (cd && sh /tmp/answer.sh) > /tmp/answer.log 2>&1; echo answ''ered",
        "answered",
    );
}
