//! What dockerd did, in a file beside each case: `copy/link.facts` and the like.

use std::collections::BTreeMap;

use super::builder::Key;
use super::case::{Case, Reference};

/// A case's facts by reference and build.
pub type Recording = BTreeMap<(Reference, usize), Vec<String>>;

pub fn read(case: &Case) -> Recording {
    let path = case.recording();
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    parse(&text).unwrap_or_else(|line| panic!("{}: what is {line:?}?", path.display()))
}

/// Writes what was found for `references`, and leaves those of others as they are.
pub fn write(case: &Case, found: &BTreeMap<Reference, BTreeMap<Key, Vec<String>>>) {
    let mut recording = read(case);
    recording.retain(|(reference, _), _| case.references.contains(reference));
    for (reference, facts) in found {
        recording.retain(|(known, _), _| known != reference);
        for ((id, number), lines) in facts.iter().filter(|((id, _), _)| *id == case.id()) {
            debug_assert_eq!(*id, case.id());
            recording.insert((*reference, *number), lines.clone());
        }
    }
    std::fs::write(case.recording(), format(&recording)).unwrap();
}

fn format(recording: &Recording) -> String {
    let mut text = String::new();
    for ((reference, number), lines) in recording {
        text += &format!("== {} {}\n", reference.name(), number + 1);
        for line in lines {
            text += line;
            text.push('\n');
        }
    }
    text
}

fn parse(text: &str) -> Result<Recording, String> {
    let mut recording = Recording::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("== ") {
            let key = key(head).ok_or(head)?;
            recording.insert(key, Vec::new());
            current = Some(key);
        } else {
            let lines = current
                .and_then(|key| recording.get_mut(&key))
                .ok_or(line)?;
            lines.push(line.to_owned());
        }
    }
    Ok(recording)
}

fn key(head: &str) -> Option<(Reference, usize)> {
    let (name, number) = head.split_once(' ')?;
    let reference = [Reference::Classic, Reference::Buildkit];
    let reference = reference
        .into_iter()
        .find(|reference| reference.name() == name)?;
    Some((reference, number.parse::<usize>().ok()?.checked_sub(1)?))
}

#[test]
fn recording_is_read_as_it_was_written() {
    let mut recording = Recording::new();
    recording.insert(
        (Reference::Classic, 0),
        vec!["base busybox".into(), "layer".into()],
    );
    recording.insert((Reference::Buildkit, 1), vec!["exit 1".into()]);
    let text = format(&recording);
    assert_eq!(
        text,
        "== classic 1\nbase busybox\nlayer\n== buildkit 2\nexit 1\n"
    );
    assert_eq!(parse(&text).unwrap(), recording);
    assert!(
        parse("layer\n").is_err() && parse("== x 1\n").is_err() && parse("== classic 0\n").is_err()
    );
}
