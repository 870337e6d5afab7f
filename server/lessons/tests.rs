//! Loading and lint on whole folders.

use std::{fs, path::Path};

use super::{Block, Catalogue, Source, commands, lint, load::Broken};

const LESSON: &str = "+++\ntitle = \"T\"\nsummary = \"S\"\nminutes = 10\nimages = [\"busybox\"]\n+++\n\n## One\n\nText.\n\n```exercise\ndo-it\n```\n\n## Two\n\nMore.\n";

const EXERCISES: &str = r#"
[[exercise]]
id = "do-it"
title = "Do it"
prompt = "Do it."
hints = ["So."]
solution = "true"
[[exercise.check]]
id = "box"
title = "A box"
why = "Because."
container = { name = "box" }
messages.missing = "No box."
[[exercise.wrong]]
name = "one"
script = "one"
expect = "box.missing"
[[exercise.wrong]]
name = "two"
script = "two"
expect = "box.missing"
"#;

struct Lessons(tempfile::TempDir);

impl Lessons {
    fn new() -> Self {
        let lessons = Self(tempfile::tempdir().expect("dir"));
        lessons.add("01-good", LESSON, EXERCISES)
    }

    fn add(self, folder: &str, lesson: &str, exercises: &str) -> Self {
        let folder = self.0.path().join(folder);
        fs::create_dir_all(&folder).expect("folder");
        fs::write(folder.join("lesson.md"), lesson).expect("lesson");
        fs::write(folder.join("exercises.toml"), exercises).expect("exercises");
        self
    }

    fn source(&self) -> Source {
        Source::Dir(self.0.path().into())
    }

    fn load(&self) -> (Catalogue, Vec<Broken>) {
        Catalogue::load(&self.source())
    }

    fn lint(&self) -> Vec<String> {
        let images = ["busybox:latest".to_owned()];
        let dir = format!("{}/", self.0.path().display());
        lint::lint(&self.source(), &images)
            .iter()
            .map(|finding| finding.to_string().replace(&dir, ""))
            .collect()
    }
}

#[test]
fn a_lesson_loads_with_its_exercises_in_the_text() {
    let (catalogue, broken) = Lessons::new().load();
    assert_eq!(broken, []);
    let lesson = catalogue.lesson("good").expect("loaded");
    assert_eq!(
        (lesson.order, lesson.title.as_str(), lesson.points()),
        (1, "T", 10)
    );
    assert_eq!(lesson.steps.len(), 2);
    assert!(matches!(
        lesson.blocks.as_slice(),
        [Block::Html(_), Block::Exercise(0), Block::Html(_)]
    ));
    assert_eq!(lesson.files, None);
}

#[test]
fn a_broken_lesson_is_left_out_and_the_others_are_served() {
    let lessons = Lessons::new()
        .add(
            "02-bad",
            &LESSON.replace("minutes = 10", "minutes = x"),
            EXERCISES,
        )
        .add("03-also-good", LESSON, EXERCISES);
    let (catalogue, broken) = lessons.load();
    let ids: Vec<_> = catalogue.iter().map(|lesson| lesson.id.as_str()).collect();
    assert_eq!(ids, ["good", "also-good"]);
    assert_eq!(
        (broken.len(), broken[0].folder.as_str(), broken[0].line),
        (1, "02-bad", Some(4))
    );
    assert!(broken[0].file.ends_with("02-bad/lesson.md"), "{broken:?}");
    let (before, after) = catalogue.neighbours("good");
    assert!(before.is_none());
    assert_eq!(after.map(|lesson| lesson.id.as_str()), Some("also-good"));
}

#[test]
fn exercises_stand_in_the_text_exactly_once() {
    let twice = LESSON.replace("More.", "```exercise\ndo-it\n```");
    let none = LESSON.replace("do-it", "other");
    let lost = LESSON.replace("```exercise\ndo-it\n```", "");
    let lessons = Lessons::new()
        .add("02-twice", &twice, EXERCISES)
        .add("03-none", &none, EXERCISES)
        .add("04-lost", &lost, EXERCISES);
    let (_, broken) = lessons.load();
    let told: Vec<_> = broken
        .iter()
        .map(|broken| (broken.line, broken.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(18), "exercise \"do-it\" stands here a second time"),
            (Some(12), "exercise \"other\" does not exist"),
            (Some(3), "exercise \"do-it\" stands nowhere in lesson.md"),
        ]
    );
}

#[test]
fn two_folders_cannot_have_one_name() {
    let (catalogue, broken) = Lessons::new().add("02-good", LESSON, EXERCISES).load();
    assert_eq!((catalogue.len(), broken.len()), (1, 1));
    assert!(broken[0].message.contains("\"good\""), "{broken:?}");
}

#[test]
fn files_become_a_tar_with_modes() {
    let lessons = Lessons::new();
    let files = lessons.0.path().join("01-good/files/app");
    fs::create_dir_all(&files).expect("files");
    fs::write(files.join("run.sh"), "#!/bin/sh\n").expect("script");
    fs::write(files.join("data"), "x").expect("data");
    let (catalogue, _) = lessons.load();
    let tar = catalogue
        .lesson("good")
        .and_then(|lesson| lesson.files.clone())
        .expect("files");
    let entries: Vec<_> = tar::Archive::new(tar.as_slice())
        .entries()
        .expect("tar")
        .map(|entry| {
            let entry = entry.expect("entry");
            let path = entry.path().expect("path").display().to_string();
            (path, entry.header().mode().expect("mode"))
        })
        .collect();
    assert_eq!(
        entries,
        [
            ("app/data".to_owned(), 0o644),
            ("app/run.sh".to_owned(), 0o755)
        ]
    );
}

#[test]
fn lint_is_content_with_a_good_lesson() {
    assert_eq!(Lessons::new().lint(), Vec::<String>::new());
}

#[test]
fn lint_tells_what_is_wrong_in_the_text() {
    let text = LESSON
        .replace(
            "Text.",
            "```bahs\nx\n```\n\n[a](#three) [b](../09-none/lesson.md) [c](other.md)",
        )
        .replace("[\"busybox\"]", "[\"nginx\"]");
    let told = Lessons::new()
        .add("01-good", &text, EXERCISES)
        .lint()
        .join("\n");
    for expected in [
        "01-good/lesson.md:1: unknown image \"nginx\"",
        "01-good/lesson.md:10: code blocks in \"bahs\" are not known",
        "dead link \"#three\": no such heading here",
        "dead link \"../09-none/lesson.md\": no such lesson",
        "dead link \"other.md\": link to",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
}

#[test]
fn lint_tells_what_is_wrong_in_the_exercises() {
    let exercises = EXERCISES
        .replace("solution = \"true\"", "solution = \"\"")
        .replace("why = \"Because.\"\n", "")
        .replace("messages.missing = \"No box.\"\n", "")
        .replace("hints = [\"So.\"]\n", "")
        .replace(
            "[[exercise.wrong]]\nname = \"two\"\nscript = \"two\"\nexpect = \"box.missing\"\n",
            "",
        );
    let told = Lessons::new()
        .add("01-good", LESSON, &exercises)
        .lint()
        .join("\n");
    for expected in [
        "exercises.toml:3: exercise \"do-it\" has no solution",
        "exercises.toml:3: exercise \"do-it\" has fewer than 2 wrong answers",
        "check \"box\" has no message of its own",
        "check \"box\" does not say why",
        "check \"box\" has no hint",
        "nothing is said for \"box.missing\"",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
}

#[test]
fn lint_knows_which_keys_a_check_can_give() {
    let exercises = EXERCISES
        .replacen("expect = \"box.missing\"", "expect = \"box.nonsense\"", 1)
        .replacen("expect = \"box.missing\"", "expect = \"crate.missing\"", 1);
    let told = Lessons::new()
        .add("01-good", LESSON, &exercises)
        .lint()
        .join("\n");
    assert!(
        told.contains("no check gives the key \"box.nonsense\"; \"box\" can give missing"),
        "{told}"
    );
    assert!(
        told.contains("no check gives the key \"crate.missing\"; the checks are box"),
        "{told}"
    );
}

#[test]
fn our_own_lessons_have_no_mistake() {
    let source = Source::Dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("lessons"));
    let findings = lint::lint(&source, &commands::known_images(&source).unwrap());
    assert_eq!(findings, []);
    assert!(Catalogue::load(&Source::Embedded).0.len() >= 3);
}
