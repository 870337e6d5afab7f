//! After the display: warnings, `--explain`, what failed and where, files with the result's name.

use std::{fs, io::Write as _, path::Path};

use drydock_api::build::{BuildFailure, BuildOutcome};

use super::{
    display::{Mode, colors::Colors},
    excerpt::excerpt,
    explain::{self, Style},
    warnings,
};
use crate::{
    command::Exit,
    error::CliError,
    tty::{self, Output},
};

/// How a build ended.
#[derive(Debug)]
pub enum Results {
    /// Well.
    Done(Box<BuildOutcome>),
    /// Not well.
    Failed(Box<BuildFailure>),
}

/// What the flags ask for at the end.
#[derive(Debug)]
pub struct Finish {
    /// `--progress`.
    pub mode: Mode,
    /// Warnings are told with all that is known of them.
    pub debug: bool,
    /// Only the id is printed.
    pub quiet: bool,
    /// `--explain`.
    pub explain: bool,
    /// `--check`.
    pub check: bool,
    /// `--iidfile`.
    pub iidfile: Option<String>,
    /// `--metadata-file`.
    pub metadata_file: Option<String>,
}

impl Finish {
    /// Tells everything, writes the files, and gives the exit code.
    ///
    /// # Errors
    /// The build's failure, in the words that come last; or files that cannot be written.
    pub fn all(&self, results: Results) -> Result<Exit, CliError> {
        match results {
            Results::Done(outcome) => self.done(&outcome),
            Results::Failed(failure) => Err(self.failed(&failure)?),
        }
    }

    fn done(&self, outcome: &BuildOutcome) -> Result<Exit, CliError> {
        if self.check {
            let text = warnings::check(&outcome.warnings, outcome.source.as_ref());
            tty::print(&text)?;
            return Ok(i32::from(!outcome.warnings.is_empty()));
        }
        self.warn(&outcome.warnings, outcome.source.as_ref())?;
        if self.explain {
            complain(&explain::report(&outcome.steps, style()))?;
        }
        let id = outcome.id.clone().unwrap_or_default();
        if self.quiet {
            tty::print(&format!("{id}\n"))?;
        }
        if let Some(path) = &self.iidfile {
            fs::write(path, &id).map_err(|source| CliError::io("writing image ID file", source))?;
        }
        if let Some(path) = &self.metadata_file {
            let mut text = serde_json::to_vec_pretty(&outcome.metadata)
                .map_err(|error| CliError::failed(error.to_string()))?;
            text.push(b'\n');
            replace(Path::new(path), text.trim_ascii_end())
                .map_err(|source| CliError::io(format!("open {path}"), source))?;
        }
        Ok(0)
    }

    /// Everything but the last line, which is the error.
    fn failed(&self, failure: &BuildFailure) -> Result<CliError, CliError> {
        self.warn(&failure.warnings, failure.source.as_ref())?;
        if self.explain {
            complain(&explain::report(&failure.steps, style()))?;
        }
        if let (Some(source), Some(lines)) = (&failure.source, failure.lines) {
            complain(&excerpt(source, lines))?;
        }
        Ok(CliError::Failed {
            message: failure.message.clone(),
            code: if failure.code == 0 { 1 } else { failure.code },
        })
    }

    fn warn(
        &self,
        found: &[drydock_api::build::BuildWarning],
        source: Option<&drydock_api::build::SourceFile>,
    ) -> Result<(), CliError> {
        if matches!(self.mode, Mode::Quiet | Mode::RawJson) {
            return Ok(());
        }
        let colors = if Output::Stderr.is_terminal() {
            Colors::of_environment()
        } else {
            Colors::none()
        };
        complain(&warnings::summary(found, source, self.debug, &colors))
    }
}

fn complain(text: &str) -> Result<(), CliError> {
    Output::Stderr.write(text.as_bytes())
}

fn style() -> Style {
    let terminal = Output::Stderr.is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let size = tty::size_of(Output::Stderr);
    Style {
        colored: terminal && !plain,
        columns: size.map_or(100, |size| usize::from(size.cols)),
    }
}

/// Writes a file whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let mut file = fs::File::create(&name)?;
    file.write_all(bytes)?;
    fs::rename(&name, path)
}
