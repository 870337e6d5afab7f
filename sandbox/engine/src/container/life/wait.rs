//! `docker wait`.

use crate::{container::Container, error::EngineError};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    NotRunning,
    NextExit,
    Removed,
}

impl Condition {
    pub(crate) fn parse(text: &str) -> Result<Self, EngineError> {
        match text {
            "" | "not-running" => Ok(Self::NotRunning),
            "next-exit" => Ok(Self::NextExit),
            "removed" => Ok(Self::Removed),
            odd => Err(EngineError::Invalid(format!("invalid condition: {odd:?}"))),
        }
    }
}

/// The container's exit code once the condition holds.
pub(crate) fn wait(
    container: &Container,
    condition: Condition,
) -> impl Future<Output = i32> + Send + use<> {
    let mut changes = container.watch();
    // Counted now, so that an end before the first poll is not missed.
    let ends = changes.borrow().ends;
    async move {
        let done = changes.wait_for(|state| match condition {
            Condition::NotRunning => !state.info().running,
            Condition::NextExit => state.ends > ends || state.removed,
            Condition::Removed => state.removed,
        });
        done.await.map_or(0, |state| state.exit_code)
    }
}
