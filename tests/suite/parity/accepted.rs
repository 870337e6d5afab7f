//! `tests/parity/accepted.toml`: differences that are as they should be, with the reason of each.

use std::path::Path;
use std::sync::Mutex;

use serde::Deserialize;

use super::diff::Change;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    accepted: Vec<Entry>,
    #[serde(default)]
    wording: Vec<Wording>,
}

/// Words of which the reference has an older form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wording {
    reason: String,
    old: String,
    new: String,
}

/// One reason, and the lines that it explains. All patterns know one wildcard, `*`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    reason: String,
    /// Names of scenarios, or of Dockerfiles; any, if there is none.
    #[serde(default, alias = "cases")]
    scenarios: Vec<String>,
    /// Command lines of steps; any, if there is none.
    #[serde(default)]
    steps: Vec<String>,
    /// `real` or `own`, or a reference of the Dockerfiles; any, if there is none.
    #[serde(default, alias = "references")]
    clients: Vec<String>,
    /// Normalised lines as the report shows them, with their `-` or `+`.
    lines: Vec<String>,
}

/// The list, and what of it has occurred.
#[derive(Debug, Default)]
pub struct Accepted {
    entries: Vec<Entry>,
    wordings: Vec<Wording>,
    /// How often each line of each entry explained something.
    seen: Mutex<Vec<Vec<usize>>>,
}

impl Accepted {
    /// Reads a list from its file.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        Self::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let file: File = toml::from_str(text)?;
        let lines = file.accepted.iter().map(|entry| vec![0; entry.lines.len()]);
        let wordings = file.wording.iter().map(|_| vec![0]);
        let seen = lines.chain(wordings).collect();
        Ok(Self {
            entries: file.accepted,
            wordings: file.wording,
            seen: Mutex::new(seen),
        })
    }

    /// Of a step's changes, those that have no reason.
    pub fn unexplained(
        &self,
        scenario: &str,
        client: &str,
        step: &str,
        changes: Vec<Change>,
    ) -> Vec<Change> {
        let changes = self.without_rewordings(changes);
        let listed = |change: &Change| self.lists(scenario, client, step, change);
        changes
            .into_iter()
            .filter(|change| !listed(change))
            .collect()
    }

    /// A missing line and a surplus one that says the same in newer words go together.
    fn without_rewordings(&self, mut changes: Vec<Change>) -> Vec<Change> {
        let mut seen = self.seen.lock().unwrap();
        let mut at = 0;
        while at < changes.len() {
            let reworded = match &changes[at] {
                Change::Missing(line) => self.reword(line),
                Change::Surplus(_) => None,
            };
            let partner = reworded.and_then(|(new, used)| {
                let new = Change::Surplus(new);
                Some((changes.iter().position(|change| *change == new)?, used))
            });
            let Some((partner, used)) = partner else {
                at += 1;
                continue;
            };
            for wording in used {
                seen[self.entries.len() + wording][0] += 1;
            }
            changes.remove(at.max(partner));
            changes.remove(at.min(partner));
            at = at.min(partner);
        }
        changes
    }

    /// `line` in today's words, and the wordings that it took.
    fn reword(&self, line: &str) -> Option<(String, Vec<usize>)> {
        let mut line = line.to_owned();
        let mut used = Vec::new();
        for (number, wording) in self.wordings.iter().enumerate() {
            if line.contains(&wording.old) {
                line = line.replace(&wording.old, &wording.new);
                used.push(number);
            }
        }
        (!used.is_empty()).then_some((line, used))
    }

    fn lists(&self, scenario: &str, client: &str, step: &str, change: &Change) -> bool {
        let shown = change.to_string();
        let mut seen = self.seen.lock().unwrap();
        let mut found = false;
        for (number, entry) in self.entries.iter().enumerate() {
            if !any(&entry.scenarios, scenario)
                || !any(&entry.steps, step)
                || !any(&entry.clients, client)
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
        let entries = self.entries.iter().map(|entry| entry.reason.as_str());
        let wordings = self.wordings.iter().map(|wording| wording.reason.as_str());
        let mut reasons: Vec<(&str, usize)> = Vec::new();
        for (reason, seen) in entries.chain(wordings).zip(seen.iter()) {
            let lines: usize = seen.iter().sum();
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, all)) => *all += lines,
                None => reasons.push((reason, lines)),
            }
        }
        reasons.retain(|&(_, lines)| lines > 0);
        reasons
    }

    /// Lines that explained nothing: to be taken off the list.
    pub fn unused(&self) -> Vec<&str> {
        let seen = self.seen.lock().unwrap();
        let entries = self.entries.iter().flat_map(|entry| entry.lines.iter());
        let wordings = self.wordings.iter().map(|wording| &wording.old);
        let lines = entries.chain(wordings).zip(seen.iter().flatten());
        lines
            .filter(|&(_, &times)| times == 0)
            .map(|(line, _)| line.as_str())
            .collect()
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
    let missing = vec![Change::Missing("out: abc".into())];
    let left = |scenario: &str, client: &str| {
        accepted.unexplained(scenario, client, "docker ps", missing.clone())
    };
    assert_eq!(left("ps-all", "own"), []);
    assert_eq!(left("images", "own"), missing);
    assert_eq!(left("ps-all", "real"), missing);
    assert_eq!(accepted.reasons(), [("r", 1)]);
    assert_eq!(accepted.unused(), ["+ out: b"]);
}

#[test]
fn newer_words_go_with_the_older_ones_and_nothing_else_does() {
    let text = "[[wording]]\nreason = \"r\"\nold = \"Cannot\"\nnew = \"cannot\"\n";
    let accepted = Accepted::parse(text).unwrap();
    let changes = vec![
        Change::Missing("err: Cannot a".into()),
        Change::Missing("err: Cannot b".into()),
        Change::Surplus("err: cannot a".into()),
        Change::Surplus("err: cannot c".into()),
    ];
    let left = accepted.unexplained("x", "own", "docker ps", changes.clone());
    assert_eq!(left, [changes[1].clone(), changes[3].clone()]);
    assert_eq!(accepted.reasons(), [("r", 1)]);
}
