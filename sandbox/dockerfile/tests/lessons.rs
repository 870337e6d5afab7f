//! Findings lead to lessons that there are.

#![allow(clippy::unwrap_used)]

use std::{collections::HashSet, fs, path::PathBuf};

use drydock_dockerfile::check::RULES;

#[test]
fn the_lessons_that_explain_build_checks_exist() {
    let lessons = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../lessons");
    let names = fs::read_dir(lessons)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    // A lesson's folder is its number and its id.
    let ids: HashSet<String> = names
        .filter_map(|name| Some(name.to_str()?.split_once('-')?.1.to_owned()))
        .collect();
    let explained: Vec<&str> = RULES.iter().filter_map(|rule| rule.lesson).collect();
    assert!(!explained.is_empty());
    for lesson in explained {
        assert!(ids.contains(lesson), "there is no lesson {lesson}: {ids:?}");
    }
}
