//! One check: an exec whose output nobody but `inspect` sees.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::timeout;

use super::{ProbeResult, plan::Plan};
use crate::{
    Engine, clock,
    container::{Container, life::pump::Source},
    error::EngineError,
    exec::{
        Exec, ExecRequest, Target,
        launch::{self, Started},
    },
    process::Process,
};

/// Bytes of output that are remembered, as in Docker.
const OUTPUT: usize = 4096;

/// How long others that have inherited its pipes may go on after the check has ended.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

const KILL: i32 = 9;

/// Runs a check to its end, or to its timeout.
pub(super) async fn run(engine: &Engine, container: &Arc<Container>, plan: &Plan) -> ProbeResult {
    let start = Timestamp::now();
    let (exit_code, output) = match execute(engine, container, plan).await {
        Ok(done) => done,
        Err(error) => (-1, error.message()),
    };
    ProbeResult {
        start,
        end: Timestamp::now(),
        exit_code,
        output,
    }
}

async fn execute(
    engine: &Engine,
    container: &Arc<Container>,
    plan: &Plan,
) -> Result<(i32, String), EngineError> {
    let request = ExecRequest {
        attach_stdout: true,
        attach_stderr: true,
        cmd: plan.argv.clone(),
        ..ExecRequest::default()
    };
    let exec = engine
        .execs
        .create(Target::Container(container.clone()), request)?;
    let _entry = Entry(engine, &exec);
    launch::tell(engine, &exec, "exec_create");
    launch::claim(&exec)?;
    let started = launch::start(engine, &exec, true, None).await?;
    let _process = Leash(started.process.clone());
    let mut output = Output::default();
    if timeout(plan.timeout, output.read_all(&exec, started))
        .await
        .is_ok()
    {
        let code = exec.state().exit_code.unwrap_or(-1);
        return Ok((code, output.text()));
    }
    let mut text = format!(
        "Health check exceeded timeout ({})",
        clock::go_duration(plan.timeout)
    );
    if !output.bytes.is_empty() {
        text = format!("{text}: {}", output.text());
    }
    Ok((-1, text))
}

/// A check's place among the execs, for as long as it runs.
struct Entry<'a>(&'a Engine, &'a Exec);

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.0.execs.forget(self.1);
    }
}

/// Ends a check that took too long, or that nobody waits for any more.
struct Leash(Process);

impl Drop for Leash {
    fn drop(&mut self) {
        if self.0.ended().is_none() {
            drop(self.0.signal(KILL));
        }
    }
}

/// The beginning of what a check prints.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    truncated: bool,
}

impl Output {
    fn push(&mut self, piece: &[u8]) {
        let room = OUTPUT - self.bytes.len();
        self.bytes
            .extend_from_slice(&piece[..piece.len().min(room)]);
        self.truncated |= piece.len() > room;
    }

    fn text(&self) -> String {
        let more = if self.truncated { "..." } else { "" };
        String::from_utf8_lossy(&self.bytes).into_owned() + more
    }

    /// Reads until both streams and the process have ended.
    async fn read_all(&mut self, exec: &Exec, started: Started) {
        let mut sources = [started.stdout, started.stderr].map(|pipe| pipe.map(Source::Pipe));
        let overdue = async {
            exec.ended().await;
            tokio::time::sleep(LEFT_BEHIND).await;
        };
        tokio::pin!(overdue);
        while sources.iter().any(Option::is_some) {
            let [first, second] = &mut sources;
            let (index, piece) = tokio::select! {
                piece = next(first) => (0, piece),
                piece = next(second) => (1, piece),
                () = &mut overdue => return,
            };
            match piece {
                Some(bytes) => self.push(&bytes),
                None => sources[index] = None,
            }
        }
        exec.ended().await;
    }
}

/// The next piece, nothing at the end, and never anything of what has ended.
async fn next(source: &mut Option<Source>) -> Option<bytes::Bytes> {
    match source {
        Some(source) => source.read().await.ok().filter(|bytes| !bytes.is_empty()),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_bounded_and_says_so() {
        let mut output = Output::default();
        output.push(&[b'x'; OUTPUT - 1]);
        output.push(b"y");
        assert!(output.text().ends_with("xy"));
        output.push(b"z");
        assert!(output.text().ends_with("xy...") && output.text().len() == OUTPUT + 3);
    }
}
