//! A learner's browser, for real: headless Chromium on the lesson page.

use serde_json::Value;

use crate::harness::data::target;
use crate::harness::lesson::{self, Exercise};
use crate::harness::need::needs;
use crate::harness::server::TestServer;
use crate::harness::webdriver::Browser;

const DESKTOP: (u32, u32) = (1280, 720);
const NARROW: (u32, u32) = (390, 844);

#[test]
fn learner_builds_fails_mends_passes_and_reloads() {
    needs!(Browser);
    let server = TestServer::start();
    let browser = Browser::open(DESKTOP.0, DESKTOP.1);
    let exercises = lesson::exercises();
    let exercise = exercises
        .iter()
        .find(|exercise| exercise.id == "a-good-default")
        .unwrap();
    open_lesson(&browser, &server, &exercise.lesson);
    type_line(&browser, "kept=val''ue; mkdir morning; cd morning");

    build_and_run(&browser, "ENTRYPOINT");
    press_check(&browser, exercise);
    wait_status(&browser, exercise, "fail");
    let result = browser.text(&format!("{} [data-result]", selector(exercise)));
    let message = exercise.message("replaced.output");
    assert!(result.contains(&message), "no {message:?} in {result:?}");
    screenshot(&browser, "lesson-failed-desktop");

    build_and_run(&browser, "CMD");
    press_check(&browser, exercise);
    wait_status(&browser, exercise, "pass");
    screenshot(&browser, "lesson-passed-desktop");

    browser.reload();
    wait_shown(&browser, "CMD is built");
    type_line(&browser, "echo \"<$kept in ${PWD##*/}>\"");
    wait_shown(&browser, "<value in morning>");
    wait_status(&browser, exercise, "pass");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// Types a Dockerfile with this instruction, its build and a run, and waits for each.
#[track_caller]
fn build_and_run(browser: &Browser, instruction: &str) {
    let text = format!("FROM busybox\\n{instruction} [\"echo\", \"Good morning, harbour\"]\\n");
    type_line(browser, &format!("clear; printf '{text}' > Dockerfile"));
    type_line(
        browser,
        &format!("docker build -t morning . && echo {instruction} is bui''lt"),
    );
    wait_shown(browser, "naming to docker.io/library/morning:latest");
    wait_shown(browser, &format!("{instruction} is built"));
    type_line(browser, "docker run --rm morning; echo \"code $?\"");
    wait_shown(browser, "Good morning, harbour\ncode 0");
}

#[test]
fn server_restart_is_met_by_coming_back() {
    needs!(Browser, Root);
    let mut server = TestServer::start();
    let browser = Browser::open(DESKTOP.0, DESKTOP.1);
    open_lesson(&browser, &server, &lesson::first().lesson);
    type_line(&browser, "kept=val''ue; echo rea''dy");
    wait_shown(&browser, "ready");
    server.stop(nix::sys::signal::Signal::SIGTERM);
    server.start_again();
    // The page comes back by itself; keys typed before that are not taken.
    browser.wait_script(
        "the terminal to be connected",
        "return document.querySelector('[data-notice]').hidden",
    );
    crate::harness::wait::until_true("the shell to answer", crate::harness::PATIENCE, || {
        type_line(&browser, "echo \"<$kept>\"");
        shown(&browser).contains("<value>")
    });
}

#[test]
fn flood_does_not_freeze_the_page() {
    needs!(Browser);
    let server = TestServer::start();
    let browser = Browser::open(DESKTOP.0, DESKTOP.1);
    open_lesson(&browser, &server, &lesson::first().lesson);
    type_line(&browser, "yes");
    wait_shown(&browser, "y\ny\ny");
    // The page's own thread answers, and Ctrl-C gets through.
    for _ in 0..20 {
        assert_eq!(browser.script("return 6 * 7"), 42);
    }
    browser.type_keys("\u{E009}c\u{E009}");
    type_line(&browser, "echo cal''m");
    wait_shown(&browser, "calm");
}

#[test]
fn shell_block_is_run_by_a_click() {
    needs!(Browser);
    let server = TestServer::start();
    let browser = Browser::open(DESKTOP.0, DESKTOP.1);
    open_lesson(&browser, &server, &lesson::first().lesson);
    let command = browser.wait_script(
        "a block that can be run",
        "const run = document.querySelector('[data-run]'); if (!run) return null; run.click(); \
         return (run.closest('pre') || run.closest('figure') || run.parentElement).querySelector('code').textContent.trim().split('\\n')[0];",
    );
    let typed = command
        .as_str()
        .unwrap()
        .trim_start_matches("$ ")
        .to_owned();
    wait_shown(&browser, &typed);
}

#[test]
fn lesson_page_fits_wide_and_narrow_light_and_dark() {
    needs!(Browser);
    let server = TestServer::start();
    let browser = Browser::open(DESKTOP.0, DESKTOP.1);
    for scheme in ["light", "dark"] {
        browser.prefer_color_scheme(scheme);
        browser.set_size(DESKTOP.0, DESKTOP.1);
        browser.go(&server.url());
        browser.element("main");
        assert_fits(&browser);
        screenshot(&browser, &format!("index-desktop-{scheme}"));
        open_lesson(&browser, &server, &lesson::first().lesson);
        assert_fits(&browser);
        screenshot(&browser, &format!("lesson-desktop-{scheme}"));
        browser.set_size(NARROW.0, NARROW.1);
        assert_fits(&browser);
        screenshot(&browser, &format!("lesson-narrow-{scheme}"));
        browser.click("[data-tab=terminal]");
        browser.element("[data-terminal]");
        assert_fits(&browser);
        screenshot(&browser, &format!("terminal-narrow-{scheme}"));
        browser.go(&server.url());
        assert_fits(&browser);
        screenshot(&browser, &format!("index-narrow-{scheme}"));
    }
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn keyboard_alone_reaches_terminal_and_check() {
    needs!(Browser);
    let server = TestServer::start();
    let browser = Browser::open(DESKTOP.0, DESKTOP.1);
    open_lesson(&browser, &server, &lesson::first().lesson);
    let focused = || {
        browser
            .script("const it = document.activeElement; return it.outerHTML.slice(0, 300)")
            .to_string()
    };
    browser.script("document.activeElement.blur(); window.getSelection().removeAllRanges(); document.querySelector('.skip').focus()");
    let mut seen = Vec::new();
    for _ in 0..80 {
        browser.type_keys("\u{E004}");
        seen.push(focused());
        if seen.iter().any(|html| html.contains("data-check")) {
            break;
        }
    }
    assert!(
        seen.iter().any(|html| html.contains("data-check")),
        "Tab never came to a Check button: {seen:#?}"
    );
    browser.script("document.querySelector('[data-skip-terminal]').focus()");
    browser.type_keys("\n");
    type_keys_now(&browser, "echo key''board\n");
    wait_shown(&browser, "keyboard");
    // And out again.
    browser.type_keys("\u{E009}\u{E008}\u{E013}\u{E009}\u{E008}");
    browser.wait_script(
        "the lesson to have the focus",
        "return !document.activeElement.closest('[data-terminal]')",
    );
}

#[track_caller]
fn open_lesson(browser: &Browser, server: &TestServer, lesson: &str) {
    browser.go(&format!("{}/lessons/{lesson}", server.url()));
    browser.wait_script("the shell's prompt", "return /[#$] *$/.test(document.querySelector('[data-terminal]').readText?.().trimEnd() ?? '')");
}

fn shown(browser: &Browser) -> String {
    let text =
        browser.script("return document.querySelector('[data-terminal]').readText?.() ?? ''");
    text.as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn wait_shown(browser: &Browser, text: &str) {
    let quoted = Value::from(text);
    let script = format!(
        "return (document.querySelector('[data-terminal]').readText?.() ?? '').includes({quoted})"
    );
    browser.wait_script(&format!("{text:?} in the terminal"), &script);
}

/// Types a line into the terminal, after a click on it.
#[track_caller]
fn type_line(browser: &Browser, line: &str) {
    browser.click("[data-terminal]");
    type_keys_now(browser, &format!("{line}\n"));
}

#[track_caller]
fn type_keys_now(browser: &Browser, keys: &str) {
    browser.type_keys(keys);
}

fn selector(exercise: &Exercise) -> String {
    format!("[data-exercise=\"{}\"]", exercise.id)
}

#[track_caller]
fn press_check(browser: &Browser, exercise: &Exercise) {
    let button = format!("{} [data-check]", selector(exercise));
    let enabled = format!(
        "return !document.querySelector({}).disabled",
        Value::from(button.clone())
    );
    browser.wait_script("the Check button", &enabled);
    browser.click(&button);
}

#[track_caller]
fn wait_status(browser: &Browser, exercise: &Exercise, status: &str) {
    let script = format!(
        "return document.querySelector({}).dataset.status === '{status}'",
        Value::from(selector(exercise))
    );
    browser.wait_script(&format!("{} to be {status}", exercise.id), &script);
}

/// Nothing is wider than the window.
#[track_caller]
fn assert_fits(browser: &Browser) {
    let wider = browser.script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    assert_eq!(wider, 0, "pixels too wide");
}

fn screenshot(browser: &Browser, name: &str) {
    browser.screenshot(&target().join("screenshots").join(format!("{name}.png")));
}
