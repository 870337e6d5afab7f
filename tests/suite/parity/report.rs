//! What a person reads at the end.

use std::fmt::Write as _;

use super::accepted::Accepted;
use super::lane::{Difference, Played};
use super::scenario::Scenario;
use super::side::Client;

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
        for change in &difference.changes {
            let _ = writeln!(text, "    {change}");
        }
        told.push(difference);
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
    let unused = if whole { accepted.unused() } else { Vec::new() };
    if !unused.is_empty() {
        let _ = writeln!(
            text,
            "  accepted, but no longer occurring:    {}",
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
