//! COPY and ADD.

use super::Rules;
use crate::{
    copy::Copy,
    dialect::Dialect,
    error::Problem,
    flags::{Flag, Flags, Kind},
    heredoc::{self, Heredoc},
    words,
};

const COPY: &[(&str, Kind)] = &[
    ("chown", Kind::Text),
    ("from", Kind::Text),
    ("chmod", Kind::Text),
    ("link", Kind::Switch),
    ("parents", Kind::Switch),
    ("exclude", Kind::Many),
];

const ADD: &[(&str, Kind)] = &[
    ("chown", Kind::Text),
    ("chmod", Kind::Text),
    ("link", Kind::Switch),
    ("keep-git-dir", Kind::Switch),
    ("checksum", Kind::Text),
    ("unpack", Kind::Switch),
    ("exclude", Kind::Many),
];

pub(super) fn parse(
    instruction: &'static str,
    flags: Vec<Flag>,
    rest: &str,
    heredocs: &[Heredoc],
    rules: Rules,
) -> Result<Copy, Problem> {
    let mut words = words::json_or_words(rest)?;
    let destination = match words.pop() {
        Some(destination) if !words.is_empty() => destination,
        _ => {
            return Err(Problem::Arguments {
                instruction,
                wanted: "at least two arguments, but only one was provided. Destination could not be determined",
            });
        }
    };
    let known = match (instruction, rules.dialect) {
        ("COPY", Dialect::BuildKit) => COPY,
        ("COPY", Dialect::Classic) => &COPY[..3],
        (_, Dialect::BuildKit) => ADD,
        (_, Dialect::Classic) => &ADD[..2],
    };
    let flags = Flags::check(flags, known)?;
    let mut copy = Copy {
        destination,
        from: flags.filled("from"),
        chown: flags.filled("chown"),
        chmod: flags.filled("chmod"),
        link: flags.switch("link").unwrap_or_default(),
        parents: flags.switch("parents").unwrap_or_default(),
        exclude: flags.all("exclude"),
        checksum: flags.filled("checksum"),
        keep_git_dir: flags.switch("keep-git-dir").unwrap_or_default(),
        unpack: flags.switch("unpack"),
        ..Copy::default()
    };
    if rules.dialect == Dialect::Classic {
        copy.sources = words;
        return Ok(copy);
    }
    if heredoc::is_one(&copy.destination) {
        return Err(Problem::HeredocDestination(instruction));
    }
    for word in words {
        match heredoc::parse(&word) {
            Ok(Some(announced)) => copy.inline.push(inline(announced, heredocs)),
            _ => copy.sources.push(word),
        }
    }
    Ok(copy)
}

/// The here-document with its content; of several with one name, the last one counts.
fn inline(announced: Heredoc, heredocs: &[Heredoc]) -> Heredoc {
    let same = heredocs.iter().rfind(|doc| doc.name == announced.name);
    let doc = Heredoc {
        content: same.map(|doc| doc.content.clone()).unwrap_or_default(),
        ..announced
    };
    Heredoc {
        content: doc.text().into_owned(),
        ..doc
    }
}
