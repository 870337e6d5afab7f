//! The display while a build goes on.

use std::time::Duration;

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};

use super::{arrange::Arrange, display::Display, own::Told};
use crate::error::CliError;

/// The display is drawn again so often, also when nothing is told.
const TICK: Duration = Duration::from_millis(150);

/// How the work ended.
#[derive(Debug)]
pub enum Ended<T> {
    /// By itself.
    Done(T),
    /// By this signal of the user.
    Canceled(i32),
}

/// Shows what is told until the work is done or the user breaks it off. Giving the work up closes its connections, and
/// with them the engine's build.
///
/// # Errors
/// Those of the work, after the display has ended; or the display's own.
pub async fn until_done<T>(
    mut display: Display,
    mut told: mpsc::Receiver<Told>,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<Ended<T>, CliError> {
    let mut arrange = Arrange::default();
    let mut tick = tokio::time::interval(TICK);
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    let mut work = Box::pin(work);
    let outcome = loop {
        tokio::select! {
            Some(message) = told.recv() => show(&mut display, arrange.take(message))?,
            outcome = &mut work => break outcome.map(Ended::Done),
            _ = tick.tick() => {
                show(&mut display, arrange.overdue())?;
                display.refresh()?;
            }
            _ = interrupt.recv() => break Ok(Ended::Canceled(SignalKind::interrupt().as_raw_value())),
            _ = terminate.recv() => break Ok(Ended::Canceled(SignalKind::terminate().as_raw_value())),
        }
    };
    drop(work);
    while let Ok(message) = told.try_recv() {
        show(&mut display, arrange.take(message))?;
    }
    show(&mut display, arrange.rest())?;
    display.end(matches!(outcome, Ok(Ended::Canceled(_))))?;
    outcome
}

fn show(
    display: &mut Display,
    statuses: Vec<drydock_api::build::SolveStatus>,
) -> Result<(), CliError> {
    statuses
        .iter()
        .try_for_each(|status| display.update(status))
}

fn listen(kind: SignalKind) -> Result<Signal, CliError> {
    signal(kind).map_err(|source| CliError::io("could not listen for signals", source))
}
