//! The process that does one errand: this program under another name, with the rights to write the store. What a
//! registry sends is read there, so that a registry that breaks its reader breaks no server.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStdout, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use drydock_api::errand::{Job, MAX_LINE, News, Refusal, RefusalKind};
use tokio::sync::mpsc;

use crate::{SessionError, mapped};

/// The name under which this program is that process.
pub const NAME: &str = "drydock-errand";

/// Pieces of news that may wait to be passed on.
const QUEUE: usize = 64;

/// Does a job and tells how it goes; the last news is [`News::Done`] or [`News::Failed`]. Dropping what is returned
/// ends the process.
pub fn start(job: Job) -> Doing {
    let (sender, news) = mpsc::channel(QUEUE);
    let end = End::default();
    let running = end.clone();
    tokio::task::spawn_blocking(move || {
        let failed = run(&job, &running, &sender).err();
        if let Some(error) = failed {
            tracing::warn!(%error, "an errand's process failed");
        }
        // After a last piece of news nobody reads on.
        let gone = Refusal::new(RefusalKind::Failed, "the work at the registry broke off");
        let _ = sender.blocking_send(News::Failed(gone));
    });
    Doing { news, end }
}

/// A job under way.
#[derive(Debug)]
pub struct Doing {
    news: mpsc::Receiver<News>,
    end: End,
}

impl Doing {
    /// The next news; there is always a last one.
    pub async fn next(&mut self) -> News {
        self.news.recv().await.unwrap_or_else(|| {
            News::Failed(Refusal::new(
                RefusalKind::Failed,
                "the server is going down",
            ))
        })
    }
}

fn run(job: &Job, end: &End, sender: &mpsc::Sender<News>) -> Result<(), SessionError> {
    let mut helper = mapped::spawn(NAME, &[], Stdio::piped(), Stdio::inherit())?;
    let output = helper.child.stdout.take();
    // The helper ends when the socket that it got this line from is closed, so it does not outlive this server.
    let mut line = serde_json::to_vec(job).unwrap_or_default();
    line.push(b'\n');
    let sent = helper.socket.write_all(&line);
    end.set(helper.child);
    sent.map_err(SessionError::Spawn)?;
    let read = output.map_or(Ok(()), |output| pass_on(output, sender));
    end.now();
    read.map_err(SessionError::Spawn)
}

fn pass_on(output: ChildStdout, sender: &mpsc::Sender<News>) -> io::Result<()> {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let count = (&mut output)
            .take(MAX_LINE as u64)
            .read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok(());
        }
        let news: News = serde_json::from_slice(&line)?;
        let last = matches!(news, News::Done(_) | News::Failed(_));
        if sender.blocking_send(news).is_err() || last {
            return Ok(());
        }
    }
}

/// Ends the process when nobody waits for it any more, and reaps it.
#[derive(Debug, Clone, Default)]
struct End(Arc<Mutex<Process>>);

#[derive(Debug, Default)]
struct Process {
    child: Option<Child>,
    over: bool,
}

impl End {
    fn set(&self, child: Child) {
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        process.child = Some(child);
        if process.over {
            process.end();
        }
    }

    fn now(&self) {
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        process.over = true;
        process.end();
    }
}

impl Process {
    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        self.end.now();
    }
}
