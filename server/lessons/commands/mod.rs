//! `drydock lesson list|new|lint|test`.
//!
//! Each command writes what a person reads to `out` and gives what the exit code is made from.

mod list;
mod scaffold;
mod test;
mod verify;

use std::io::{self, Write};

use drydock_image::catalogue::Catalogue;

use super::{Broken, Source, lint as linting};

pub use list::list;
pub use scaffold::{NewError, new};
pub use test::{Bench, CaseResult, TestOptions, Workshop, test};

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no such lesson.
    #[error("there is no lesson {0:?}; `drydock lesson list` names them all")]
    NoSuchLesson(String),
    /// The lessons cannot be read.
    #[error("the lessons cannot be read")]
    Read(#[source] io::Error),
    /// The catalogue of images is not valid.
    #[error("images.toml: {0}")]
    Images(#[from] toml::de::Error),
    /// Nothing can be printed.
    #[error("could not write the report")]
    Write(#[from] io::Error),
}

/// `drydock lesson lint`: tells everything wrong; `true` when nothing is.
///
/// # Errors
/// When a lesson is not known, `images.toml` is not valid, or nothing can be written to `out`.
pub fn lint(source: &Source, ids: &[String], out: &mut dyn Write) -> Result<bool, CommandError> {
    expect_known(source, ids)?;
    let findings: Vec<_> = linting::lint(source, &known_images(source)?)
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
///
/// # Errors
/// When it is not valid.
pub fn known_images(source: &Source) -> Result<Vec<String>, CommandError> {
    let Some(text) = source.top_level("images.toml") else {
        // What every server has, with or without a catalogue.
        return Ok(["busybox", "hello-world"].map(String::from).into());
    };
    let catalogue = Catalogue::parse(&String::from_utf8_lossy(&text))?;
    Ok(catalogue.names().map(ToString::to_string).collect())
}

/// Each of `ids` must mean a lesson; a broken one counts as well.
fn expect_known(source: &Source, ids: &[String]) -> Result<(), CommandError> {
    if ids.is_empty() {
        return Ok(());
    }
    let folders = source.folders().map_err(CommandError::Read)?;
    let known = |id: &String| {
        let id = std::slice::from_ref(id);
        folders.keys().any(|folder| selected(folder, id))
    };
    match ids.iter().find(|id| !known(id)) {
        Some(id) => Err(CommandError::NoSuchLesson(id.clone())),
        None => Ok(()),
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
