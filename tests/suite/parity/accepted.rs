//! `tests/parity/accepted.toml`: differences that are as they should be, with the reason of each.

use std::sync::Mutex;

use serde::Deserialize;

use super::diff::Change;
use super::side::Client;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    accepted: Vec<Entry>,
}

/// One reason, and the lines that it explains. All patterns know one wildcard, `*`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    reason: String,
    /// Names of scenarios; any, if there is none.
    #[serde(default)]
    scenarios: Vec<String>,
    /// Command lines of steps; any, if there is none.
    #[serde(default)]
    steps: Vec<String>,
    /// `real` or `own`; both, if there is none.
    #[serde(default)]
    clients: Vec<String>,
    /// Normalised lines as the report shows them, with their `-` or `+`.
    lines: Vec<String>,
}

/// The list, and what of it has occurred.
#[derive(Debug)]
pub struct Accepted {
    entries: Vec<Entry>,
    /// How often each line of each entry explained something.
    seen: Mutex<Vec<Vec<usize>>>,
}

impl Accepted {
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let file: File = toml::from_str(text)?;
        let seen = file
            .accepted
            .iter()
            .map(|entry| vec![0; entry.lines.len()])
            .collect();
        Ok(Self {
            entries: file.accepted,
            seen: Mutex::new(seen),
        })
    }

    /// Whether `change` has a reason.
    pub fn explains(&self, scenario: &str, client: Client, step: &str, change: &Change) -> bool {
        let shown = change.to_string();
        let mut seen = self.seen.lock().unwrap();
        let mut found = false;
        for (number, entry) in self.entries.iter().enumerate() {
            if !any(&entry.scenarios, scenario)
                || !any(&entry.steps, step)
                || !any(&entry.clients, client.name())
            {
                continue;
            }
            for (line, pattern) in entry.lines.iter().enumerate() {
                if matches(pattern, &shown) {
                    seen[number][line] += 1;
                    found = true;
                }
            }
        }
        found
    }

    /// Each reason that was needed, with the number of lines it explained.
    pub fn reasons(&self) -> Vec<(&str, usize)> {
        let seen = self.seen.lock().unwrap();
        let counted = self.entries.iter().zip(seen.iter());
        counted
            .map(|(entry, seen)| (entry.reason.as_str(), seen.iter().sum()))
            .filter(|&(_, lines)| lines > 0)
            .collect()
    }

    /// Lines that explained nothing: to be taken off the list.
    pub fn unused(&self) -> Vec<&str> {
        let seen = self.seen.lock().unwrap();
        let lines = self
            .entries
            .iter()
            .zip(seen.iter())
            .flat_map(|(entry, seen)| {
                entry
                    .lines
                    .iter()
                    .zip(seen)
                    .filter(|&(_, &times)| times == 0)
            });
        lines.map(|(line, _)| line.as_str()).collect()
    }
}

fn any(patterns: &[String], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, text))
}

/// Whether all of `text` is as `pattern` says, in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match text.split_once(part) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(end)
}

#[test]
fn star_is_any_text() {
    assert!(matches("a*c", "abc") && matches("a*c", "ac") && matches("*", "") && matches("a", "a"));
    assert!(matches("- out: *=*;", "- out: a=b;") && matches("*b*b", "abb"));
    assert!(
        !matches("a*c", "abcd")
            && !matches("a", "ab")
            && !matches("a*a", "a")
            && !matches("*b*b", "ab")
    );
}

#[test]
fn accepted_lines_explain_what_they_name_and_unused_ones_are_told() {
    let text = "[[accepted]]\nreason = \"r\"\nscenarios = [\"ps-*\"]\nclients = [\"own\"]\nlines = [\"- out: a*\", \"+ out: b\"]\n";
    let accepted = Accepted::parse(text).unwrap();
    let missing = Change::Missing("out: abc".into());
    assert!(accepted.explains("ps-all", Client::Own, "docker ps", &missing));
    assert!(!accepted.explains("images", Client::Own, "docker ps", &missing));
    assert!(!accepted.explains("ps-all", Client::Real, "docker ps", &missing));
    assert_eq!(accepted.reasons(), [("r", 1)]);
    assert_eq!(accepted.unused(), ["+ out: b"]);
}
