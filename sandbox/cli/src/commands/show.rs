//! What the commands that show things have in common: a list printed, a template that may be wrong.

use crate::{
    command::Exit,
    error::CliError,
    text::{
        list::{self, Defaults, Row, Shape},
        template::{Dialect, Document, Format},
    },
    tty,
};

/// Docker's code for a template that cannot be.
const BAD_TEMPLATE: i32 = 64;

/// Prints `rows` in the user's `format`.
///
/// # Errors
/// A template's mistake, in Docker's words.
pub fn rows(
    shape: &Shape,
    format: &str,
    defaults: Defaults<'_>,
    rows: &[Row],
) -> Result<Exit, CliError> {
    let text = list::write(shape, format, defaults, rows);
    tty::print(&text.map_err(CliError::failed)?)?;
    Ok(0)
}

/// Reads a template that is filled with one document.
///
/// # Errors
/// Docker's words.
pub fn template(text: &str, dialect: Dialect) -> Result<Format, CliError> {
    Format::parse(text, dialect).map_err(|why| bad_template("template parsing error", &why))
}

/// What is said of a template that cannot be.
pub fn bad_template(what: &str, why: &str) -> CliError {
    CliError::Failed {
        message: format!("{what}: {why}"),
        code: BAD_TEMPLATE,
    }
}

/// The template filled in, and the end of its line; where that fails, an empty line is printed first.
///
/// # Errors
/// Docker's words.
pub fn filled(template: &Format, document: &str) -> Result<String, CliError> {
    let filled = Document::parse(document)
        .map_err(|error| error.to_string())
        .and_then(|document| template.render_typed(&document));
    match filled {
        Ok(text) => Ok(format!("{text}\n")),
        Err(why) => {
            tty::print("\n")?;
            Err(CliError::failed(why))
        }
    }
}
