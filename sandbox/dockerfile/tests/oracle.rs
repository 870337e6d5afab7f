//! Another reading of the language: what `parse-dockerfile` finds in a Dockerfile is what we find.
//!
//! Compared are the instructions with their first lines, their flags' names, exec forms, the words of FROM, COPY and ADD,
//! and here-documents with their contents; on a corpus, and on what chance makes of it.

#![allow(clippy::unwrap_used)]

mod oracle {
    pub(crate) mod ours;
    pub(crate) mod theirs;
}

use std::{fs, path::Path};

use oracle::{ours, theirs};

/// What either reading says of one instruction.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) flags: Vec<String>,
    pub(crate) words: Vec<String>,
    /// Contents, and whether variables in them are replaced.
    pub(crate) heredocs: Vec<(String, bool)>,
}

/// What `parse-dockerfile` refuses although Docker builds it.
const THEY_REFUSE: &[(&str, &str)] = &[
    ("run heredoc for python", NOT_FIRST),
    ("run heredoc into a file", NOT_FIRST),
    ("run two heredocs", NOT_FIRST),
    ("run heredoc behind a command", NOT_FIRST),
    ("run-expansion", NOT_FIRST),
    ("run-interpreter", NOT_FIRST),
    ("run-several", NOT_FIRST),
    ("empty-arrays", "ENTRYPOINT [] takes an ENTRYPOINT back"),
    (
        "same-name-twice",
        "of two stages with one name the last counts",
    ),
];

const NOT_FIRST: &str = "a here-document need not be the first word of RUN";

/// What it reads otherwise than BuildKit does.
const THEY_DIFFER: &[(&str, &str)] = &[(
    "escaped backslash at the end",
    "an escape character that is escaped continues no line",
)];

/// Our own corpus, and the Dockerfiles of the suite that are no mistakes.
fn corpus() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/corpus.txt");
    let text = fs::read_to_string(path).unwrap();
    let cases = text.split("=== ").skip(1).map(|case| {
        let (name, dockerfile) = case.split_once('\n').unwrap();
        (name.to_owned(), dockerfile.to_owned())
    });
    cases.chain(suite()).collect()
}

/// `tests/fixtures/dockerfile/README.md` describes the format.
fn suite() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/dockerfile");
    let families = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let families = families.filter(|path| path.is_dir() && !path.ends_with("errors"));
    let files = families.flat_map(|family| fs::read_dir(family).unwrap());
    let mut found = Vec::new();
    for path in files.map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|end| end == "case") {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            found.extend(dockerfile(&text).map(|dockerfile| (name, dockerfile)));
        }
    }
    found.sort();
    found
}

fn dockerfile(case: &str) -> Option<String> {
    let (_, rest) = case.split_once("file: Dockerfile\n")?;
    let lines = rest.lines().map_while(|line| line.strip_prefix('|'));
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n");
    Some(lines.collect())
}

#[test]
fn both_readings_of_the_corpus_agree() {
    let corpus = corpus();
    assert!(corpus.len() >= 250);
    let mut agreed = 0;
    let mut wrong = Vec::new();
    let mut refused = Vec::new();
    for (name, text) in &corpus {
        let ours = ours::read(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let listed = |list: &[(&str, &str)]| list.iter().any(|(known, _)| known == name);
        let theirs = theirs::read(text);
        match theirs {
            Err(_) if listed(THEY_REFUSE) => {}
            Err(error) => refused.push(format!("{name}: {error}")),
            Ok(theirs) if listed(THEY_DIFFER) => assert_ne!(ours, theirs, "{name}"),
            Ok(theirs) => {
                assert!(!listed(THEY_REFUSE), "they read {name} now");
                if ours == theirs {
                    agreed += 1;
                } else {
                    let pairs = ours.into_iter().zip(theirs);
                    wrong.push((name, pairs.filter(|(a, b)| a != b).collect::<Vec<_>>()));
                }
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(agreed >= 230, "only {agreed} agree");
}

#[test]
fn the_corpus_has_every_instruction() {
    let mut missing: Vec<&str> = ours::NAMES.to_vec();
    for (_, text) in corpus() {
        for seen in ours::read(&text).unwrap() {
            missing.retain(|name| *name != seen.name);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// Lines of the corpus in another order, with characters taken out or put in.
#[test]
fn both_readings_agree_on_what_chance_makes() {
    let corpus: Vec<String> = corpus().into_iter().map(|(_, text)| text).collect();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut compared = 0;
    let mut differences = Vec::new();
    for _ in 0..4_000 {
        let text = mutate(&corpus, &mut random);
        let (Ok(ours), Ok(theirs)) = (ours::read(&text), theirs::read(&text)) else {
            continue;
        };
        compared += 1;
        if ours != theirs && explain(&text).is_none() {
            differences.push((text, ours, theirs));
        }
    }
    assert!(compared > 800, "only {compared} were read by both");
    let first = |(text, ours, theirs): &(String, Vec<Seen>, Vec<Seen>)| {
        let other = ours
            .iter()
            .zip(theirs)
            .find(|(ours, theirs)| ours != theirs);
        format!("{text:?}: {other:?}\n")
    };
    let told: String = differences.iter().take(12).map(first).collect();
    let count = differences.len();
    assert!(differences.is_empty(), "{count} of {compared}:\n{told}");
}

/// Why both may differ on a text; what BuildKit does is as we do it.
fn explain(text: &str) -> Option<&'static str> {
    let mut lines = text.lines().map(str::trim);
    if lines
        .clone()
        .any(|line| line.ends_with("\\\\") || line.ends_with("``"))
    {
        return Some("an escape character that is escaped continues no line");
    }
    if lines
        .clone()
        .any(|line| matches!(line.trim_start_matches('\u{feff}'), "\\" | "`"))
    {
        return Some("a lone escape character begins the instruction that follows");
    }
    let open =
        |line: &str, quote: char| line.contains("--") && line.matches(quote).count() % 2 == 1;
    if lines.any(|line| open(line, '"') || open(line, '\'')) {
        return Some("a quote that a flag opens takes in what follows");
    }
    None
}

fn mutate(corpus: &[String], random: &mut Random) -> String {
    const PIECES: [&str; 16] = [
        "\\\n", "\n", " ", "\"", "'", "#", "$", "<<E", "E\n", "[", "]", "=", "--x=y ", "\t",
        "\r\n", "`",
    ];
    let mut text = random.pick(corpus).clone();
    if random.below(2) == 0 {
        // A stage of another file below.
        text += random.pick(corpus).as_str();
    }
    for _ in 0..random.below(3) + 1 {
        let mut at = random.below(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        match random.below(3) {
            0 => {
                let piece: &&str = random.pick(&PIECES);
                text.insert_str(at, piece);
            }
            1 => drop(text.remove(at)),
            _ => {
                let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
                let taken = lines.remove(random.below(lines.len()));
                if !lines.is_empty() {
                    lines.insert(random.below(lines.len()), taken);
                }
                text = lines.concat();
            }
        }
        if text.is_empty() {
            break;
        }
    }
    text
}

/// The same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
