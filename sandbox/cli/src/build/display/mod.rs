//! The progress of a build, as BuildKit shows it.
//!
//! - [`trace`]: what the messages tell. [`log`], [`screen`]: what steps print.
//! - [`plain`]: lines for a log. [`tty`]: a block that is redrawn. [`colors`], [`size`]: how they write.
//!
//! Source: BuildKit's `util/progress/progressui`.

pub mod colors;
mod log;
mod plain;
mod screen;
pub mod size;
mod trace;
mod tty;

#[cfg(test)]
mod tests;

use drydock_api::build::SolveStatus;
use jiff::Timestamp;

use colors::Colors;
use plain::Plain;
use trace::{Nanos, Trace};

use crate::{
    error::CliError,
    tty::{Output, Size},
};

/// A failure shows so many lines under a terminal's display, which keeps none of them otherwise.
const KEEP_TTY: usize = 1000;
/// And so many in a log, where they all stand above.
const KEEP_PLAIN: usize = 10;
/// The display is drawn so often at most.
const RATE: Nanos = 100_000_000;

/// `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Lines.
    Plain,
    /// A block that is redrawn.
    Tty,
    /// Nothing.
    Quiet,
    /// One JSON document a line.
    RawJson,
}

/// Words that say who builds: in the plain display, and on a terminal.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// `building with "default" instance using docker driver`.
    pub text: &'a str,
    /// `docker:default`.
    pub builder: &'a str,
}

/// A display on standard error.
#[derive(Debug)]
pub struct Display {
    trace: Trace,
    kind: Kind,
    drawn: Option<Nanos>,
}

#[derive(Debug)]
enum Kind {
    Plain(Plain),
    Tty(tty::Block),
    Quiet,
    RawJson,
}

impl Display {
    /// Nothing is shown yet.
    #[must_use]
    pub fn new(mode: Mode, about: About<'_>) -> Self {
        let columns = usize::from(window().cols).saturating_sub(tty::INDENT);
        let lines = std::env::var("BUILDKIT_TTY_LOG_LINES").ok();
        let lines = lines.and_then(|text| text.parse().ok()).filter(|n| *n > 0);
        let (kind, keep, columns) = match mode {
            Mode::Plain => (Kind::Plain(Plain::new(about.text)), KEEP_PLAIN, None),
            Mode::Tty => {
                let block = tty::Block::new(about.builder, Colors::of_environment(), lines);
                (Kind::Tty(block), KEEP_TTY, Some(columns))
            }
            Mode::Quiet => (Kind::Quiet, 0, None),
            Mode::RawJson => (Kind::RawJson, 0, None),
        };
        Self {
            trace: Trace::new(keep, columns),
            kind,
            drawn: None,
        }
    }

    /// Takes a message in and shows it, if the last time is long enough ago.
    ///
    /// # Errors
    /// When standard error fails.
    pub fn update(&mut self, status: &SolveStatus) -> Result<(), CliError> {
        match self.kind {
            Kind::Quiet => return Ok(()),
            Kind::RawJson => {
                let mut line = serde_json::to_vec(status)
                    .map_err(|error| CliError::failed(error.to_string()))?;
                line.push(b'\n');
                return Output::Stderr.write(&line);
            }
            Kind::Plain(_) | Kind::Tty(_) => {}
        }
        self.trace.update(status);
        let now = now();
        if self.drawn.is_none_or(|drawn| now - drawn >= RATE) {
            self.show(now, false)?;
        }
        Ok(())
    }

    /// Shows what is new; to be called now and then.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub fn refresh(&mut self) -> Result<(), CliError> {
        self.show(now(), false)
    }

    /// Shows the end: everything, and the last lines of what failed. What still ran was `canceled`.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub fn end(&mut self, canceled: bool) -> Result<(), CliError> {
        let now = now();
        if canceled {
            self.trace.cancel(now);
        }
        self.show(now, true)?;
        match self.kind {
            Kind::Plain(_) | Kind::Tty(_) => Output::Stderr.write(&self.trace.failures()),
            Kind::Quiet | Kind::RawJson => Ok(()),
        }
    }

    fn show(&mut self, now: Nanos, end: bool) -> Result<(), CliError> {
        self.drawn = Some(now);
        let bytes = match &mut self.kind {
            Kind::Plain(plain) => plain.print(&mut self.trace, now),
            Kind::Tty(block) => {
                let size = window();
                self.trace
                    .resize(usize::from(size.cols).saturating_sub(tty::INDENT));
                block.draw(&self.trace, size, now, end)
            }
            Kind::Quiet | Kind::RawJson => return Ok(()),
        };
        Output::Stderr.write(&bytes)
    }
}

/// The window that standard error is in.
fn window() -> Size {
    crate::tty::size_of(Output::Stderr).unwrap_or(Size { cols: 80, rows: 10 })
}

fn now() -> Nanos {
    Nanos::try_from(Timestamp::now().as_nanosecond()).unwrap_or(Nanos::MAX)
}
