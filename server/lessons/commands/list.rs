//! `drydock lesson list`

use std::io::{self, Write};

use super::tell_broken;
use crate::lessons::{Catalogue, Source};

/// Lists all lessons, and those that are left out; `true` when none is.
///
/// # Errors
/// When nothing can be written to `out`.
pub fn list(source: &Source, out: &mut dyn Write) -> io::Result<bool> {
    let (catalogue, broken) = Catalogue::load(source);
    let width = catalogue
        .iter()
        .map(|lesson| lesson.id.len())
        .max()
        .unwrap_or_default()
        .max("LESSON".len());
    writeln!(out, "{:width$}   MINUTES   EXERCISES   TITLE", "LESSON")?;
    for lesson in catalogue.iter() {
        writeln!(
            out,
            "{:width$}   {:<7}   {:<9}   {}",
            lesson.id,
            lesson.minutes,
            lesson.exercises.len(),
            lesson.title
        )?;
    }
    tell_broken(&broken, out)?;
    Ok(broken.is_empty())
}
