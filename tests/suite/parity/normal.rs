//! What differs from run to run gets a word in its place, so that what is left must be the same.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use super::flat::flatten;
use super::scenario::{Compare, Part};
use super::shell::Outcome;

/// What is known of one side before anything ran there.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Texts, and the words that stand for them.
    pub places: Vec<(String, &'static str)>,
    /// Ids that are the same on both sides and stay as they are: those of the base image.
    pub ids: Vec<String>,
}

/// A pattern and its word; `changes_width` where what it stands for has no fixed width.
struct Rule {
    pattern: Regex,
    word: &'static str,
    changes_width: bool,
}

fn rule(pattern: &str, word: &'static str, changes_width: bool) -> Rule {
    Rule {
        pattern: Regex::new(pattern).unwrap(),
        word,
        changes_width,
    }
}

/// In this order.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rules = [
        (
            r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| ?[+-]\d\d:?\d\d)?( [A-Z]{3,4})?",
            "<time>",
            true,
        ),
        (
            r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d( [A-Z]{3})? 20\d\d\b",
            "<time>",
            true,
        ),
        (
            r"\b(Less than a second|About a minute|About an hour|(\d+) (seconds?|minutes?|hours?))\b",
            "<age>",
            true,
        ),
        (r"\b(\d+m)?\d+(\.\d+)?(s|ms|µs)\b", "<duration>", true),
        (r"\b1[6-9]\d{17}\b", "<nanoseconds>", false),
        (r"\b1[6-9]\d{8}(\.\d{1,9})?\b", "<unix-time>", true),
        (r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b", "<mac>", false),
        (r"\b172\.17\.\d+\.([2-9]|\d\d+)\b", "<address>", true),
        (r"\b(file|dir|multi):[0-9a-f]{8,64}", "${1}:<hash>", true),
        (r#"\bPid("?: | = )[1-9]\d*"#, "Pid${1}<pid>", false),
        (
            r"\b(tmp|buildkit|docker-builder|docker-import-)\d{6,}\b",
            "$1<number>",
            true,
        ),
    ];
    rules
        .map(|(pattern, word, changes)| rule(pattern, word, changes))
        .into()
});

static ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b([0-9a-f]{64}|[0-9a-f]{12})\b").unwrap());
static LAYER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\boverlay2/[0-9a-f]{64}").unwrap());
static NUMBER: LazyLock<Rule> = LazyLock::new(|| rule(r"\d+(\.\d+)?", "<n>", true));
static SIZE: LazyLock<Rule> = LazyLock::new(|| {
    rule(
        r"\b\d+(\.\d+)? ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB)\b",
        "<size>",
        true,
    )
});
static NAME: LazyLock<Rule> = LazyLock::new(|| rule(r"\b[a-z]+_[a-z]+\d?\b", "<name>", true));
static PADDING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" {2,}").unwrap());

/// The lines by which an outcome is compared.
pub fn lines(outcome: &Outcome, compare: &Compare, known: &Known) -> Vec<String> {
    let mut lines = Vec::new();
    if compare.has(Part::Out) {
        lines.extend(stream("out", &outcome.stdout, compare, known));
    }
    if compare.has(Part::Err) {
        lines.extend(stream("err", &outcome.stderr, compare, known));
    }
    if compare.has(Part::Code) {
        lines.push(match outcome.code {
            Some(code) => format!("code: {code}"),
            None => "code: none, it did not end".into(),
        });
    }
    lines
}

fn stream(name: &str, text: &str, compare: &Compare, known: &Known) -> Vec<String> {
    let text = if compare.json && name == "out" {
        flatten(text)
    } else {
        text.to_owned()
    };
    let text = normalise(&text, compare, known);
    let mut lines: Vec<String> = text
        .split_terminator('\n')
        .map(|line| format!("{name}: {}", visible(line)))
        .collect();
    if compare.sorted {
        lines.sort();
    }
    // A last line without its end is another text than one with it.
    if !text.is_empty() && !text.ends_with('\n') {
        lines.push(format!("{name}: (no end of line)"));
    }
    lines
}

/// `text` with its changing parts replaced.
pub fn normalise(text: &str, compare: &Compare, known: &Known) -> String {
    let mut text = text.to_owned();
    let mut changed = false;
    for (place, word) in &known.places {
        if text.contains(place) {
            text = text.replace(place, word);
            changed = true;
        }
    }
    // Where a daemon keeps a layer is its own business.
    text = LAYER.replace_all(&text, "overlay2/<layer>").into_owned();
    text = ID
        .replace_all(&text, |id: &Captures<'_>| word_for_id(&id[0], known))
        .into_owned();
    let asked = [
        (compare.sizes, &*SIZE),
        (compare.names, &*NAME),
        (compare.numbers, &*NUMBER),
    ];
    let asked = asked
        .iter()
        .filter(|(asked, _)| *asked)
        .map(|(_, rule)| *rule);
    for rule in RULES.iter().chain(asked) {
        if rule.pattern.is_match(&text) {
            text = rule.pattern.replace_all(&text, rule.word).into_owned();
            changed |= rule.changes_width;
        }
    }
    // The padding of a column follows from its widest cell.
    if changed || compare.words {
        text = PADDING.replace_all(&text, "  ").into_owned();
    }
    text
}

/// Ids keep their length, since cutting them is part of what is compared.
fn word_for_id(id: &str, known: &Known) -> String {
    if known.ids.iter().any(|kept| kept.starts_with(id)) {
        id.to_owned()
    } else {
        format!("<id:{}>", id.len())
    }
}

/// Control characters as a person can read them.
fn visible(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for letter in line.chars() {
        if letter.is_control() && letter != '\t' {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
fn plain(text: &str) -> String {
    normalise(text, &Compare::default(), &Known::default())
}

#[test]
fn ids_lose_their_digits_and_keep_their_length() {
    let long = "0123456789abcdef".repeat(4);
    assert_eq!(plain(&format!("{long} {}", &long[..12])), "<id:64> <id:12>");
    let known = Known {
        ids: vec![long.clone()],
        ..Known::default()
    };
    let kept = format!("sha256:{long} {}", &long[..12]);
    assert_eq!(normalise(&kept, &Compare::default(), &known), kept);
}

#[test]
fn times_and_ages_become_words_but_no_time_stays() {
    assert_eq!(plain("2026-11-28T13:55:46.109612471Z"), "<time>");
    assert_eq!(plain("2026-11-28 13:55:46 +0000 UTC"), "<time>");
    assert_eq!(plain("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
    assert_eq!(
        plain("Up 3 seconds|Up Less than a second|2 hours ago"),
        "Up <age>|Up <age>|<age> ago"
    );
}

#[test]
fn padding_counts_only_where_no_width_changed() {
    assert_eq!(plain("a      b"), "a      b");
    assert_eq!(plain("a      Up 3 seconds     b"), "a  Up <age>  b");
}

#[test]
fn addresses_and_pids_become_words_but_the_gateway_and_no_pid_stay() {
    assert_eq!(
        plain("172.17.0.1 172.17.0.12 02:42:ac:11:00:02"),
        "172.17.0.1 <address> <mac>"
    );
    assert_eq!(
        plain("\"Pid\": 123, \"Pid\": 0"),
        "\"Pid\": <pid>, \"Pid\": 0"
    );
}

#[test]
fn outcome_is_told_part_by_part() {
    let outcome = Outcome {
        code: Some(3),
        stdout: "b\na".into(),
        stderr: "x\r\n".into(),
    };
    let told = |compare: &Compare| lines(&outcome, compare, &Known::default());
    assert_eq!(
        told(&Compare::default()),
        [
            "out: b",
            "out: a",
            "out: (no end of line)",
            "err: x\\r",
            "code: 3"
        ]
    );
}
