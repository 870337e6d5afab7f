//! Start, watch, pause, update, stop, remove.
//!
//! Whoever changes a container holds its turn. A change runs in a task of its own, so that a client which hangs up
//! in the middle leaves nothing half done: see [`whole`].

mod announce;
mod oom;
pub(crate) mod pause;
pub(crate) mod pump;
pub(crate) mod remove;
mod restart_policy;
pub(crate) mod start;
pub(crate) mod stop;
pub(crate) mod update;
pub(crate) mod wait;
mod watch;

use crate::error::EngineError;

/// Runs a change to its end, whatever becomes of the client.
pub(crate) async fn whole<T: Send + 'static>(
    change: impl Future<Output = Result<T, EngineError>> + Send + 'static,
) -> Result<T, EngineError> {
    match tokio::spawn(change).await {
        Ok(result) => result,
        Err(error) => Err(EngineError::Os {
            action: "finish",
            source: std::io::Error::other(error),
        }),
    }
}

/// Runs what blocks on a thread that may.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(EngineError::Os {
            action: "finish",
            source: std::io::Error::other(error),
        }),
    }
}
