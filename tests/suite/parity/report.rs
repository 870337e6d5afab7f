//! What a person reads at the end.

use std::fmt::Write as _;

use super::accepted::Accepted;
use super::diff::Change;
use super::lane::{Difference, Played};
use super::scenario::Scenario;
use super::side::Client;

/// So many changes of a step are told.
const MOST_CHANGES: usize = 60;

/// The differences of one scenario; those that both clients meet are told once.
pub fn differences(scenario: &Scenario, played: &Played) -> String {
    let mut text = String::new();
    if let Some(why) = &played.skipped {
        return format!("SKIPPED {}: {why}\n", played.name);
    }
    let mut told: Vec<&Difference> = Vec::new();
    for difference in &played.differences {
        let same = |other: &&Difference| {
            other.client != difference.client
                && other.number == difference.number
                && other.changes == difference.changes
        };
        if told.iter().any(same) {
            continue;
        }
        let whose = match difference.client {
            _ if played.differences.iter().any(|other| same(&other)) => "both clients",
            Client::Real => "Docker's client",
            Client::Own => "our client",
        };
        if told.is_empty() {
            let _ = writeln!(text, "{}: {}", played.name, scenario.about);
        }
        let command = difference.command.replace('\n', "\n      ");
        let _ = writeln!(text, "  {whose}, step {}: {command}", difference.number);
        text += &shown(&difference.changes);
        told.push(difference);
    }
    text
}

/// Changes line by line; equal ones that follow each other are counted.
fn shown(changes: &[Change]) -> String {
    let mut text = String::new();
    let groups: Vec<&[Change]> = changes.chunk_by(|one, other| one == other).collect();
    for group in groups.iter().take(MOST_CHANGES) {
        let times = group.len();
        let _ = match times {
            1 => writeln!(text, "    {}", group[0]),
            _ => writeln!(text, "    {} ({times} times)", group[0]),
        };
    }
    if groups.len() > MOST_CHANGES {
        let _ = writeln!(text, "    … and {} more", groups.len() - MOST_CHANGES);
    }
    text
}

/// Figures and reasons.
pub fn summary(played: &[Played], accepted: &Accepted, whole: bool) -> String {
    let mut text = String::new();
    let sum = |of: fn(&Played) -> usize| played.iter().map(of).sum::<usize>();
    let skipped = played.iter().filter(|one| one.skipped.is_some()).count();
    let differing = played
        .iter()
        .filter(|one| !one.differences.is_empty())
        .count();
    let _ = writeln!(
        text,
        "parity: {} scenarios, {skipped} skipped",
        played.len()
    );
    let _ = writeln!(
        text,
        "  steps compared with dockerd:          {}",
        sum(|one| one.compared)
    );
    let _ = writeln!(
        text,
        "  steps newer than dockerd, not counted: {}",
        sum(|one| one.newer)
    );
    let _ = writeln!(
        text,
        "  lines of accepted differences:        {}",
        sum(|one| one.accepted)
    );
    for (reason, lines) in accepted.reasons() {
        let _ = writeln!(text, "    {lines:4}  {reason}");
    }
    let unused = match whole {
        true => accepted.unused(),
        false => Vec::new(),
    };
    if !unused.is_empty() {
        let _ = writeln!(
            text,
            "  listed, but no longer occurring:      {}",
            unused.len()
        );
    }
    for line in unused {
        let _ = writeln!(text, "          {line}");
    }
    let _ = writeln!(
        text,
        "  differences that are not accepted:    {} steps in {differing} scenarios",
        sum(|one| one.differences.len())
    );
    text
}

#[test]
fn repeated_changes_are_counted_and_many_are_cut() {
    let same = vec![Change::Missing("x".into()); 3];
    assert_eq!(shown(&same), "    - x (3 times)\n");
    let many: Vec<Change> = (0..100)
        .map(|number| Change::Surplus(number.to_string()))
        .collect();
    assert!(shown(&many).ends_with("    + 59\n    … and 40 more\n"));
}
