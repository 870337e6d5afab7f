//! `docker --help`, `docker container --help`, and what an unknown command gets.

use clap::Command as Flags;

use super::{ABSENT, ABSENT_BUILDX, COMMANDS, GROUPS};
use crate::{error::CliError, flags, tty};

const COMMON: [&str; 8] = [
    "run", "exec", "ps", "build", "pull", "images", "version", "info",
];

/// The help text of `docker` itself.
#[must_use]
pub fn root(flags: &Flags, width: usize) -> String {
    let mut out = String::from(
        "Usage:  docker [OPTIONS] COMMAND\n\nA self-sufficient runtime for containers\n",
    );
    let about = |name: &str| {
        COMMANDS
            .iter()
            .find(|entry| entry.words.spellings[0] == name)
            .map(|e| e.words.about)
    };
    out.push_str("\nCommon Commands:\n");
    for name in COMMON {
        push(&mut out, name, about(name).unwrap_or_default());
    }
    out.push_str("\nManagement Commands:\n");
    for (name, about) in GROUPS {
        push(&mut out, name, about);
    }
    out.push_str("\nCommands:\n");
    for entry in COMMANDS {
        let name = entry.words.spellings[0];
        if !name.contains(' ') && !COMMON.contains(&name) {
            push(&mut out, name, entry.words.about);
        }
    }
    out.push_str("\nGlobal Options:\n");
    out.push_str(&flags::help::options(flags, width));
    out.push_str("\nRun 'docker COMMAND --help' for more information on a command.\n");
    out
}

/// The help text of a group.
#[must_use]
pub fn group(group: &str) -> String {
    let about = GROUPS
        .iter()
        .find(|(name, _)| *name == group)
        .map_or("", |(_, about)| about);
    let mut out = format!("Usage:  docker {group} COMMAND\n\n{about}\n\nCommands:\n");
    for (name, about) in members(group) {
        push(&mut out, name, about);
    }
    out.push_str(&format!(
        "\nRun 'docker {group} COMMAND --help' for more information on a command.\n"
    ));
    out
}

/// The commands of a group, each once, sorted.
#[must_use]
pub fn members(group: &str) -> Vec<(&'static str, &'static str)> {
    let mut members: Vec<_> = COMMANDS
        .iter()
        .filter_map(|entry| {
            let name = entry
                .words
                .spellings
                .iter()
                .find_map(|s| s.strip_prefix(group)?.strip_prefix(' '))?;
            Some((name, entry.words.about))
        })
        .collect();
    members.sort_unstable();
    members
}

fn push(out: &mut String, name: &str, about: &str) {
    out.push_str(&format!("  {name:<11} {about}\n"));
}

/// What a command gets that is not there. A person at a terminal is told what may have been meant; a script gets
/// Docker's words alone.
#[must_use]
pub fn unknown(words: &[&str]) -> CliError {
    refusal(words, tty::Output::Stderr.is_terminal())
}

fn refusal(words: &[&str], hints: bool) -> CliError {
    if let Some((_, why)) = ABSENT.iter().find(|(names, _)| names.contains(&words[0])) {
        return CliError::failed(format!(
            "docker: 'docker {}' cannot be used here: {why}",
            words[0]
        ));
    }
    if let ["buildx" | "builder", typed] = words
        && let Some((_, why)) = ABSENT_BUILDX
            .iter()
            .find(|(names, _)| names.contains(typed))
    {
        return CliError::failed(format!(
            "docker: 'docker {} {typed}' cannot be used here: {why}",
            words[0]
        ));
    }
    let (parent, typed) = match words {
        [group, typed] => (format!("docker {group}"), *typed),
        _ => ("docker".to_owned(), words[0]),
    };
    let candidates: Vec<&str> = match words {
        [group, _] => members(group).into_iter().map(|(name, _)| name).collect(),
        _ => COMMANDS
            .iter()
            .map(|entry| entry.words.spellings[0])
            .filter(|name| !name.contains(' '))
            .chain(GROUPS.iter().map(|(name, _)| *name))
            .collect(),
    };
    let near: Vec<&str> = candidates
        .into_iter()
        .filter(|name| hints && is_near(typed, name))
        .collect();
    let hint = match near.as_slice() {
        [] => String::new(),
        near => format!("\n\nDid you mean this?\n\t{}", near.join("\n\t")),
    };
    let usage = if words.len() > 1 {
        format!("\n\nUsage:  {parent}")
    } else {
        String::new()
    };
    CliError::failed(format!(
        "docker: unknown command: {parent} {typed}{hint}{usage}\n\nRun '{parent} --help' for more information"
    ))
}

/// Two edits away at most, or the beginning of the name.
fn is_near(typed: &str, name: &str) -> bool {
    let length = typed.chars().count();
    (length >= 3 && name.starts_with(typed))
        || distance(typed, name) <= if length > 3 { 2 } else { 1 }
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_answered_with_what_was_meant() {
        let words = refusal(&["rnu"], true).words().unwrap();
        assert!(
            words.starts_with("docker: unknown command: docker rnu\n"),
            "{words}"
        );
        assert!(
            refusal(&["runn"], true)
                .words()
                .unwrap()
                .contains("Did you mean this?\n\trun")
        );
        for (word, hints) in [("foo", true), ("runn", false)] {
            let words = refusal(&[word], hints).words().unwrap();
            assert!(!words.contains("Did you mean"), "{words}");
        }
    }

    #[test]
    fn what_a_sandbox_lacks_is_said_with_its_reason() {
        let words = unknown(&["swarm"]).words().unwrap();
        assert_eq!(
            words,
            "docker: 'docker swarm' cannot be used here: a sandbox is one node, and a swarm is made of several. Learn 'docker compose' to run several containers as one application, and 'docker network' to let them speak with each other"
        );
    }

    #[test]
    fn every_member_of_a_group_is_listed_once() {
        let mut names: Vec<_> = members("image").into_iter().map(|(name, _)| name).collect();
        assert!(
            names.contains(&"ls") && !names.contains(&"list"),
            "{names:?}"
        );
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
