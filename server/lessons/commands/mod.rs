//! `drydock lesson list|new|lint|test`.
//!
//! Each command writes what a person reads to `out` and gives what the exit code is made from.

mod list;
mod scaffold;
mod test;
mod verify;

use std::io::{self, Write};

use super::{Broken, Source, lint as linting};

pub use list::list;
pub use scaffold::{NewError, new};
pub use test::{Bench, CaseResult, TestError, TestOptions, Workshop, test};

/// `drydock lesson lint`: tells everything wrong; `true` when nothing is.
///
/// # Errors
/// When nothing can be written to `out`.
pub fn lint(source: &Source, ids: &[String], out: &mut dyn Write) -> io::Result<bool> {
    let findings: Vec<_> = linting::lint(source, &known_images(source))
        .into_iter()
        .filter(|finding| selected(&finding.folder, ids))
        .collect();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    match findings.len() {
        0 => writeln!(out, "nothing to complain about")?,
        1 => writeln!(out, "1 mistake")?,
        n => writeln!(out, "{n} mistakes")?,
    }
    Ok(findings.is_empty())
}

/// The images that `images.toml` beside the lessons knows.
#[must_use]
pub fn known_images(source: &Source) -> Vec<String> {
    let text = source.top_level("images.toml").unwrap_or_default();
    let table: toml::Table = String::from_utf8_lossy(&text).parse().unwrap_or_default();
    let entries = table.get("image").and_then(toml::Value::as_array);
    let names: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("name")?.as_str().map(str::to_owned))
        .collect();
    match names.is_empty() {
        // What every server has, with or without a catalogue.
        true => ["busybox", "hello-world"].map(String::from).into(),
        false => names,
    }
}

/// Whether a lesson is meant: by its id or its folder; none named means all.
fn selected(folder: &str, ids: &[String]) -> bool {
    let slug = super::source::lesson_name(folder).map_or(folder, |(_, slug)| slug);
    ids.is_empty() || ids.iter().any(|id| id == slug || id == folder)
}

/// Tells which lessons are left out.
fn tell_broken(broken: &[Broken], out: &mut dyn Write) -> io::Result<()> {
    for lesson in broken {
        writeln!(out, "left out: {lesson}")?;
    }
    Ok(())
}
