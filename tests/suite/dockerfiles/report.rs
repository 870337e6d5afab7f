//! What is printed: every difference that has no reason, and the counts.

use std::collections::BTreeMap;

use super::case::{Case, Reference};
use super::tree;
use crate::parity::accepted::Accepted;
use crate::parity::diff::{Change, diff};

/// A build held against its facts.
pub struct Compared {
    pub case: String,
    pub number: usize,
    pub reference: Reference,
    /// Before any reason was looked for.
    pub changes: Vec<Change>,
    /// Those without a reason.
    pub unexplained: Vec<Change>,
    /// The layers differ, the files in all do not.
    pub same_files: bool,
}

impl Compared {
    pub fn new(
        case: &Case,
        number: usize,
        reference: Reference,
        expected: &[String],
        found: &[String],
        accepted: &Accepted,
    ) -> Self {
        let changes = diff(expected, found);
        let unexplained = accepted.unexplained(&case.id(), reference.name(), "", changes.clone());
        Self {
            case: case.id(),
            number,
            reference,
            changes,
            unexplained,
            same_files: tree::flat(expected) == tree::flat(found),
        }
    }

    /// Its differences, for a person.
    pub fn told(&self) -> String {
        if self.unexplained.is_empty() {
            return String::new();
        }
        let files = if self.same_files {
            " (the files in all are the same)"
        } else {
            ""
        };
        let mut text = format!(
            "DIFFERS {} {} build {}{files}\n",
            self.case,
            self.reference.name(),
            self.number + 1
        );
        for change in &self.unexplained {
            text += &format!("    {change}\n");
        }
        text
    }
}

/// The counts for each reference, and the reasons.
pub fn summary(all: &[Compared], accepted: &Accepted, whole: bool) -> String {
    let mut cases: BTreeMap<(Reference, &str), (bool, bool)> = BTreeMap::new();
    for compared in all {
        let (equal, explained) = cases
            .entry((compared.reference, &compared.case))
            .or_insert((true, true));
        *equal &= compared.changes.is_empty();
        *explained &= compared.unexplained.is_empty();
    }
    let mut text = String::from("\nreference  Dockerfiles  equal  accepted  differing\n");
    for reference in [
        Reference::Classic,
        Reference::Buildkit,
        Reference::Documents,
    ] {
        let of: Vec<_> = cases
            .iter()
            .filter(|((known, _), _)| *known == reference)
            .map(|(_, outcome)| outcome)
            .collect();
        let equal = of.iter().filter(|(equal, _)| *equal).count();
        let explained = of.iter().filter(|(_, explained)| *explained).count();
        text += &format!(
            "{:<10} {:>11} {equal:>6} {:>9} {:>10}\n",
            reference.name(),
            of.len(),
            explained - equal,
            of.len() - explained,
        );
    }
    let mut names: Vec<&str> = all.iter().map(|compared| compared.case.as_str()).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    text += &format!("{} Dockerfiles in all\n", names.len());
    for (reason, lines) in accepted.reasons() {
        text += &format!("accepted, {lines} lines: {reason}\n");
    }
    for line in accepted.unused().into_iter().filter(|_| whole) {
        text += &format!("accepted.toml: nothing differs like {line:?}\n");
    }
    text
}
