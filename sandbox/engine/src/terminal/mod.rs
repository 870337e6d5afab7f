//! The learner's shells: they live in the engine, so they outlive a page reload and a server restart.
//!
//! - [`ring`]: the last output, and where a replay of it may begin. [`safe`]: between escape sequences, that is.
//! - [`shell`]: one terminal, its shell and who looks at it. [`session`]: one who looks at it.

mod ring;
mod safe;
pub(crate) mod session;
mod shell;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use drydock_runtime::container::TermSize;

use self::shell::Shell;
use crate::{Engine, error::EngineError};

/// Terminals in one sandbox.
const MOST: usize = 4;

/// All terminals, by name.
#[derive(Debug, Default)]
pub(crate) struct Terminals {
    all: tokio::sync::Mutex<BTreeMap<String, Arc<Shell>>>,
    attached: AtomicUsize,
}

impl Terminals {
    /// How many look at a terminal now.
    pub(crate) fn attached(&self) -> usize {
        self.attached.load(Ordering::Relaxed)
    }
}

/// The terminal of that name; a new shell when there is none, or when its shell has ended.
pub(crate) async fn open(
    engine: &Engine,
    name: &str,
    size: TermSize,
) -> Result<Arc<Shell>, EngineError> {
    let valid = (1..=16).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !valid {
        return Err(EngineError::Invalid(format!(
            "invalid terminal name {name:?}: 1 to 16 of a-z, 0-9 and -"
        )));
    }
    let mut all = engine.terminals.all.lock().await;
    all.retain(|_, shell| !shell.has_ended());
    if let Some(shell) = all.get(name) {
        shell.resize(size);
        return Ok(shell.clone());
    }
    if all.len() >= MOST {
        return Err(EngineError::Conflict(format!(
            "a sandbox has {MOST} terminals at most; close one with exit"
        )));
    }
    let shell = Shell::start(engine, size).await?;
    all.insert(name.to_owned(), shell.clone());
    Ok(shell)
}

/// Hangs up all of them: the sandbox ends.
pub(crate) async fn close_all(engine: &Engine) {
    for shell in engine.terminals.all.lock().await.values() {
        shell.hang_up();
    }
}
