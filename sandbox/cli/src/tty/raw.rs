//! Raw mode: every key goes to the container.

use std::io;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::error::CliError;

/// The terminal is raw until this is dropped.
#[derive(Debug)]
pub struct RawMode {
    before: Option<Termios>,
}

impl RawMode {
    /// Makes the terminal on standard input raw. Without a terminal there nothing happens.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn enter() -> Result<Self, CliError> {
        if !super::stdin_is_terminal() {
            return Ok(Self { before: None });
        }
        let failed =
            |errno| CliError::io("could not make the terminal raw", io::Error::from(errno));
        let before = tcgetattr(io::stdin()).map_err(failed)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw).map_err(failed)?;
        Ok(Self {
            before: Some(before),
        })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // A terminal that is gone needs no mending.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
