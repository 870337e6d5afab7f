//! The lessons as their authors test them, and what an author's mistake is told.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::data::DataDir;
use crate::harness::process::{Finished, finish};
use crate::harness::server::TestServer;
use crate::harness::{drydock, lesson, repository};

#[test]
fn every_exercise_is_proved_both_ways() {
    let data = DataDir::new();
    let mut command = Command::new(drydock());
    command
        .args(["lesson", "test", "--data-dir"])
        .arg(data.path())
        .current_dir(repository());
    let said = finish(&mut command, b"", Duration::from_secs(600)).good();
    for exercise in lesson::exercises() {
        assert!(
            said.contains(&exercise.id),
            "nothing about {} in {said}",
            exercise.id
        );
    }
}

#[test]
fn there_are_three_lessons_of_three_exercises_each() {
    let exercises = lesson::exercises();
    let mut lessons: Vec<&str> = exercises
        .iter()
        .map(|exercise| exercise.lesson.as_str())
        .collect();
    lessons.dedup();
    assert!(lessons.len() >= 3, "{lessons:?}");
    for lesson in lessons {
        assert!(
            exercises
                .iter()
                .filter(|exercise| exercise.lesson == lesson)
                .count()
                >= 3,
            "{lesson}"
        );
    }
}

#[test]
fn lint_is_content() {
    lint(&repository().join("lessons")).good();
}

#[test]
fn broken_front_matter_is_named_with_file_and_line() {
    let folder = copy_of_lessons();
    let broken = first_lesson(folder.path());
    let text = fs::read_to_string(&broken).unwrap();
    let line = 2;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(line - 1, "title = = nonsense");
    fs::write(&broken, lines.join("\n")).unwrap();
    let said = lint(folder.path());
    assert_ne!(said.code, 0, "{said:?}");
    let all = said.stdout + &said.stderr;
    assert!(all.contains("lesson.md:2"), "{all}");
}

#[test]
fn lint_of_an_unknown_lesson_fails() {
    let mut command = Command::new(drydock());
    command
        .args(["lesson", "lint", "nothing-like-it"])
        .current_dir(repository());
    let said = finish(&mut command, b"", Duration::from_secs(60));
    assert_ne!(said.code, 0);
    assert!(said.stderr.contains("nothing-like-it"), "{said:?}");
}

#[test]
fn list_names_every_lesson() {
    let mut command = Command::new(drydock());
    let said = finish(
        command.args(["lesson", "list"]).current_dir(repository()),
        b"",
        Duration::from_secs(60),
    )
    .good();
    for exercise in lesson::exercises() {
        assert!(said.contains(&exercise.lesson), "{said}");
    }
}

#[test]
fn server_leaves_a_broken_lesson_out_and_says_so() {
    let folder = copy_of_lessons();
    let broken = first_lesson(folder.path());
    fs::write(&broken, "+++\ntitle = = nonsense\n+++\n").unwrap();
    let server = TestServer::start_with(&["--lessons-dir", folder.path().to_str().unwrap()]);
    let page = server.visitor().get("/").is(200).text();
    let exercises = lesson::exercises();
    let first = &exercises[0].lesson;
    assert!(
        !page.contains(&format!("/lessons/{first}\"")),
        "the broken one is linked"
    );
    let other = exercises
        .iter()
        .find(|exercise| exercise.lesson != *first)
        .unwrap();
    assert!(page.contains(&format!("/lessons/{}", other.lesson)));
    assert!(
        page.contains(
            broken
                .parent()
                .unwrap()
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
        ),
        "it is not named"
    );
}

fn lint(folder: &Path) -> Finished {
    let mut command = Command::new(drydock());
    command
        .args(["lesson", "lint", "--lessons-dir"])
        .arg(folder);
    finish(&mut command, b"", Duration::from_secs(60))
}

fn copy_of_lessons() -> TempDir {
    let folder = TempDir::new().unwrap();
    let status = Command::new("cp")
        .arg("-r")
        .arg(repository().join("lessons/."))
        .arg(folder.path())
        .status();
    assert!(status.unwrap().success());
    folder
}

/// The text of the first lesson below `folder`.
fn first_lesson(folder: &Path) -> std::path::PathBuf {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_dir())
        .min()
        .unwrap()
        .join("lesson.md")
}
