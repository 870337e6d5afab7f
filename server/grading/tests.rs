//! Checks judged on what a real engine answered.

use serde::de::DeserializeOwned;

use super::{
    GradeContext,
    condition::{Container, Containers, Dockerfile, History, Image, Run},
    evidence::Output,
    outcome::{self, CheckResult, Status},
    probe::Ran,
    random::Values,
    verdict::{Finding, Verdict},
    wire,
};
use crate::lessons::exercise_file;

macro_rules! recorded {
    ($name:literal) => {
        serde_json::from_str(include_str!(concat!("recorded/", $name, ".json")))
            .expect("as the engine answered")
    };
}

fn check<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("as an author would write it")
}

fn values() -> Values {
    Values::new(1, "lesson", "exercise")
}

/// The condition that a verdict names, or `pass`.
fn said(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Unmet(finding) => finding.condition,
    }
}

fn image(text: &str, answer: Option<&wire::Image>) -> Verdict {
    check::<Image>(&format!("name = 'x'\n{text}")).judge(answer, None, &values())
}

#[test]
fn an_image_is_judged_by_its_configuration() {
    let sign: wire::Image = recorded!("image-sign");
    for (wanted, expected) in [
        ("", "pass"),
        ("entrypoint = ['sh', '/sign.sh']\ncmd = ['open']", "pass"),
        ("entrypoint-form = 'exec'\ncmd-form = 'exec'", "pass"),
        ("entrypoint = ['sh']", "entrypoint"),
        ("entrypoint = []", "entrypoint-set"),
        ("entrypoint-form = 'shell'", "entrypoint-exec-form"),
        ("cmd = ['closed']", "cmd"),
        ("cmd = []", "cmd-set"),
        (
            "env = ['COLOUR=blue']\nworkdir = '/app'\nuser = 'nobody'",
            "pass",
        ),
        ("env = ['COLOUR=red']", "env"),
        ("workdir = '/'", "workdir"),
        ("user = ''", "user"),
    ] {
        assert_eq!(said(&image(wanted, Some(&sign))), expected, "{wanted}");
    }
    assert_eq!(said(&image("", None)), "missing");
}

#[test]
fn shell_form_is_told_before_the_words() {
    let shell: wire::Image = recorded!("image-shell-form");
    assert_eq!(
        said(&image("cmd = ['echo', 'hi']", Some(&shell))),
        "cmd-shell-form"
    );
    assert_eq!(
        said(&image("cmd-form = 'exec'", Some(&shell))),
        "cmd-shell-form"
    );
    assert_eq!(said(&image("cmd-form = 'shell'", Some(&shell))), "pass");
    assert_eq!(
        said(&image("cmd = ['/bin/sh', '-c', 'echo hi']", Some(&shell))),
        "pass"
    );
    assert_eq!(
        said(&image("entrypoint-form = 'exec'", Some(&shell))),
        "entrypoint-unset"
    );
}

#[test]
fn two_names_are_of_one_image_when_its_id_is_one() {
    let sign: wire::Image = recorded!("image-sign");
    let other: wire::Image = recorded!("image-busybox");
    let judge = |other: Option<wire::Image>| {
        let check: Image = check("name = 'a'\nsame-as = 'b'");
        said(&check.judge(Some(&sign), Some(("b", other)), &values()))
    };
    assert_eq!(judge(Some(sign.clone())), "pass");
    assert_eq!(judge(Some(other)), "not-same");
    assert_eq!(judge(None), "same-as-missing");
}

#[test]
fn a_container_is_judged_by_its_record() {
    let busybox: wire::Image = recorded!("image-busybox");
    let judge = |text: &str, answer: &wire::Container| {
        let check: Container = check(&format!("name = 'rec'\n{text}"));
        said(&check.judge(
            Some(answer),
            check.image.is_some().then_some(&busybox.id),
            &values(),
        ))
    };
    let exited: wire::Container = recorded!("container-exited");
    for (wanted, expected) in [
        ("image = 'busybox'\nstate = 'exited'\nexit-code = 3", "pass"),
        ("command = ['sh', '-c', 'echo one; exit 3']", "pass"),
        ("command = ['sh']", "command"),
        ("state = 'running'", "state"),
        ("exit-code = 0", "exit-code"),
        ("auto-remove = true", "auto-remove"),
        ("terminal = true", "terminal"),
        ("stdin = true", "stdin"),
        ("env = ['COLOUR=blue']", "env"),
        ("absent = true", "present"),
    ] {
        assert_eq!(judge(wanted, &exited), expected, "{wanted}");
    }
    let running: wire::Container = recorded!("container-running");
    assert_eq!(
        judge("state = 'running'\nauto-remove = true", &running),
        "pass"
    );
    let created: wire::Container = recorded!("container-created");
    assert_eq!(judge("state = 'running'", &created), "not-started");
}

#[test]
fn a_container_of_another_image_is_told() {
    let exited: wire::Container = recorded!("container-exited");
    let check: Container = check("name = 'rec'\nimage = 'other'");
    let verdict = check.judge(Some(&exited), Some("sha256:0"), &values());
    let Verdict::Unmet(finding) = verdict else {
        panic!("another image")
    };
    assert_eq!(finding.condition, "image");
    assert_eq!(finding.expected.as_deref(), Some("other"));
    assert_eq!(finding.found.as_deref(), Some("busybox"));
}

#[test]
fn no_container_is_not_yet_and_a_wrong_one_is_fail() {
    let check: Container = check("name = 'rec'");
    assert!(matches!(check.judge(None, None, &values()), Verdict::Unmet(f) if f.not_yet));
    let gone: Container = self::check("name = 'rec'\nabsent = true");
    assert_eq!(gone.judge(None, None, &values()), Verdict::Pass);
}

#[test]
fn containers_are_counted_by_image_and_state() {
    let all: Vec<wire::ContainerSummary> = recorded!("containers");
    let busybox: wire::Image = recorded!("image-busybox");
    let count =
        |text: &str, image: Option<&str>| said(&check::<Containers>(text).judge(&all, image));
    assert_eq!(
        count("states = ['running']\nat-least = 1", Some(&busybox.id)),
        "pass"
    );
    assert_eq!(
        count("states = ['exited', 'created']\nat-most = 0", None),
        "too-many"
    );
    assert_eq!(count("states = ['paused']\nat-most = 0", None), "pass");
    assert_eq!(count("at-least = 1", Some("sha256:0")), "too-few");
}

#[test]
fn history_is_judged_oldest_first() {
    let mut steps: Vec<wire::HistoryEntry> = recorded!("history");
    steps.reverse();
    let judge = |order: &str| {
        said(&check::<History>(&format!("image = 'x'\norder = {order}")).judge(&steps))
    };
    assert_eq!(
        judge("['COPY', 'ENV', 'WORKDIR', 'USER', 'ENTRYPOINT', 'CMD']"),
        "pass"
    );
    assert_eq!(judge("['CMD', 'COPY']"), "order");
}

#[test]
fn a_probe_is_judged_by_how_it_ended() {
    let run: Run = check("image = 'x'\nargs = ['{word}']\noutput.is = '[ {word} ]'\nexit-code = 0");
    let printed = |text: &str, exit_code| {
        Ran::Exited(Output {
            stdout: text.into(),
            stderr: String::new(),
            exit_code,
        })
    };
    let right = values().fill("[ {word} ]\n");
    assert_eq!(run.judge(&printed(&right, 0), &values()), Verdict::Pass);
    for (ran, expected) in [
        (printed("[ x ]", 0), "output"),
        (printed(&right, 1), "exit-code"),
        (Ran::DidNotStart("no such file".into()), "does-not-start"),
        (Ran::StillRunning(Output::default()), "still-running"),
    ] {
        assert_eq!(said(&run.judge(&ran, &values())), expected, "{ran:?}");
    }
}

#[test]
fn a_dockerfile_is_parsed_not_searched() {
    let judge = |text: &str, wanted: &str| {
        let check: Dockerfile = check(&format!("path = '/root/Dockerfile'\n{wanted}"));
        said(&check.judge(Some(text)))
    };
    let text = "FROM busybox\n# CMD echo\nRUN echo USER\nCOPY a b\n";
    assert_eq!(
        judge(text, "has = ['RUN', 'COPY']\nlacks = ['CMD', 'USER']"),
        "pass"
    );
    assert_eq!(judge(text, "has = ['CMD']"), "lacks");
    assert_eq!(judge(text, "order = ['COPY', 'RUN']"), "order");
    assert_eq!(judge("FROM busybox\nFORM x\n", ""), "unreadable");
}

const EXERCISE: &str = r#"
[[exercise]]
id = "e"
title = "E"
prompt = "p"
points = 7
hints = ["first", "second"]
explain = "because"
solution = "true"
[[exercise.check]]
id = "a"
title = "A"
why = "so"
container = { name = "a" }
messages.missing = "No a."
[[exercise.check]]
id = "b"
title = "B"
hints = ["own"]
container = { name = "b" }
"#;

fn graded(first: Verdict, earlier: &[&str]) -> outcome::Outcome {
    let exercise = exercise_file::parse(EXERCISE).expect("good").remove(0);
    let results = match first {
        Verdict::Pass => vec![
            CheckResult::of(&exercise.checks[0], Verdict::Pass),
            CheckResult::of(&exercise.checks[1], Verdict::Pass),
        ],
        unmet => vec![
            CheckResult::of(&exercise.checks[0], unmet),
            CheckResult::skipped(&exercise.checks[1]),
        ],
    };
    let context = GradeContext {
        seed: 0,
        earlier: earlier.iter().map(|&key| key.into()).collect(),
    };
    outcome::of(&exercise, results, &context)
}

#[test]
fn the_page_gets_the_first_unmet_condition() {
    let verdict = Finding::absent("missing", "default words").into();
    let json = serde_json::to_value(graded(verdict, &[])).expect("json");
    assert_eq!(json["status"], "not-yet");
    assert_eq!((&json["points"], &json["max"]), (&0.into(), &7.into()));
    assert_eq!(json["checks"][0]["key"], "a.missing");
    assert_eq!(json["checks"][0]["message"], "No a.");
    assert_eq!(json["checks"][0]["why"], "so");
    assert_eq!(json["checks"][1]["status"], "skipped");
    assert!(json.get("hint").is_none() && json.get("solution").is_none());
}

#[test]
fn a_message_without_words_of_the_lesson_has_the_graders() {
    let outcome = graded(Finding::wrong("state", "default words").into(), &[]);
    assert_eq!(outcome.status, Status::Fail);
    assert_eq!(outcome.checks[0].message, "default words");
}

#[test]
fn a_pass_earns_the_points_and_shows_the_solution() {
    let outcome = graded(Verdict::Pass, &["a.missing"]);
    assert_eq!((outcome.status, outcome.points), (Status::Pass, 7));
    assert_eq!(outcome.solution.as_deref(), Some("true"));
    assert_eq!(outcome.explain.expect("explained").html, "<p>because</p>\n");
    assert_eq!(outcome.hint, None);
}

#[test]
fn each_further_failure_of_a_kind_unlocks_the_next_hint_then_the_solution() {
    let unmet = || -> Verdict { Finding::absent("missing", "m").into() };
    let hint = |earlier: &[&str]| graded(unmet(), earlier).hint.map(|hint| hint.html);
    assert_eq!(hint(&[]), None);
    assert_eq!(hint(&["b.missing", "a.state"]), None);
    let once = ["a.missing"];
    assert_eq!(hint(&once).as_deref(), Some("<p>first</p>\n"));
    let twice = ["a.missing", "b.missing", "a.missing"];
    assert_eq!(hint(&twice).as_deref(), Some("<p>second</p>\n"));
    assert_eq!(graded(unmet(), &twice).solution, None);
    let thrice = ["a.missing"; 3];
    assert_eq!(graded(unmet(), &thrice).solution.as_deref(), Some("true"));
}

#[test]
fn a_check_can_run_on_any_thread() {
    fn is_send<T: Send>(_: T) {}
    fn never(lesson: &crate::lessons::Lesson, client: &drydock_api::client::Client) {
        let context = GradeContext::default();
        is_send(super::check(lesson, &lesson.exercises[0], client, &context));
    }
    let _ = never;
}
