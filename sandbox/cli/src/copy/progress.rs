//! How much has been copied, for a person who waits.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{error::CliError, text::size, tty::Output};

const EVERY: Duration = Duration::from_millis(75);

/// Bytes copied so far; cloning it shares it.
#[derive(Debug, Clone, Default)]
pub struct Count(Arc<AtomicU64>);

impl Count {
    /// So many more.
    pub fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// As Docker writes it.
    pub fn human(&self) -> String {
        let bytes = i64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        size::short(bytes)
    }
}

/// Shows on a terminal how `work` goes on, and takes it away at the end.
///
/// # Errors
/// The terminal is gone.
pub async fn show<T>(
    header: &str,
    count: &Count,
    work: impl Future<Output = T>,
) -> Result<T, CliError> {
    if !Output::Stderr.is_terminal() {
        return Ok(work.await);
    }
    let say = |text: String| Output::Stderr.write(text.as_bytes());
    // Save the place, clear the line, hide the cursor; at the end the same backwards.
    say(format!("\x1b[s\x1b[2K\x1b[?25l{header}{}", count.human()))?;
    tokio::pin!(work);
    let mut shown = count.human();
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            () = tokio::time::sleep(EVERY) => {
                let now = count.human();
                if now != shown {
                    say(format!("\x1b[{}G\x1b[0K{now}", header.len() + 1))?;
                    shown = now;
                }
            }
        }
    };
    say("\x1b[?25h\x1b[u\x1b[2K".into())?;
    Ok(done)
}
