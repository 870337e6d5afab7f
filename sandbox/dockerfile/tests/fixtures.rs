//! Whole Dockerfiles, compared with what a real classic builder said of them.

#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use drydock_dockerfile::{Dialect, Dockerfile};

struct Case {
    name: String,
    dockerfile: String,
    expected: String,
}

fn cases(kind: &str) -> Vec<Case> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(kind);
    let mut cases: Vec<Case> = fs::read_dir(root)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            Case {
                name: path.file_name().unwrap().to_string_lossy().into_owned(),
                dockerfile: fs::read_to_string(path.join("Dockerfile")).unwrap(),
                expected: fs::read_to_string(path.join("expected")).unwrap(),
            }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(cases.len() > 10, "the fixtures of {kind} are missing");
    cases
}

#[test]
fn bad_files_are_refused_in_dockers_words() {
    for case in cases("bad") {
        let error = Dockerfile::parse_as(&case.dockerfile, "Dockerfile", Dialect::Classic)
            .map(|_| ())
            .unwrap_err()
            .classic();
        assert_eq!(error, case.expected.trim_end(), "{}", case.name);
    }
}

#[test]
fn good_files_give_the_steps_that_the_builder_prints() {
    for case in cases("good") {
        let file = Dockerfile::parse_as(&case.dockerfile, "Dockerfile", Dialect::Classic).unwrap();
        let mut steps: Vec<&str> = file
            .global_args
            .iter()
            .map(|step| step.text.as_str())
            .collect();
        for stage in &file.stages {
            steps.push(&stage.text);
            steps.extend(stage.steps.iter().map(|step| step.text.as_str()));
        }
        assert_eq!(steps.join("\n"), case.expected.trim_end(), "{}", case.name);
        assert_eq!(file.step_count(), steps.len());
    }
}

/// Another reading of the language finds the same instructions in the same order.
#[test]
fn good_files_have_the_instructions_that_parse_dockerfile_finds() {
    // It refuses an ENTRYPOINT without words, which Docker allows.
    for case in cases("good")
        .into_iter()
        .filter(|case| case.name != "cmd-override")
    {
        let ours = Dockerfile::parse(&case.dockerfile, "Dockerfile").unwrap();
        let mut names: Vec<&str> = ours
            .global_args
            .iter()
            .map(|step| step.instruction.name())
            .collect();
        for stage in &ours.stages {
            names.push("FROM");
            names.extend(stage.steps.iter().map(|step| step.instruction.name()));
        }
        let theirs = parse_dockerfile::parse(&case.dockerfile).unwrap();
        // The enum's variants are named after the keywords.
        let keyword = |instruction: &parse_dockerfile::Instruction<'_>| {
            let debug = format!("{instruction:?}");
            debug.split('(').next().unwrap_or_default().to_uppercase()
        };
        let theirs: Vec<String> = theirs.instructions.iter().map(keyword).collect();
        assert_eq!(names, theirs, "{}", case.name);
    }
}
