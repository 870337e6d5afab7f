//! The websocket between the page's terminal and a shell in the sandbox.
//!
//! - [`frame`]: the page's messages, pure.
//! - [`transport`]: the handshake, and a websocket on top of an actix request.
//! - [`flow`]: credit and bounded input, shared by both directions.
//! - [`bridge`]: the pump; [`output`]: its busier half.
//! - [`open`], here: who may open a terminal, and what each end means to the page.
//!
//! Deliberately absent: the shell and its screen. They live in the sandbox's engine and outlast
//! this server; a page that comes back gets them replayed.

pub mod bridge;
pub mod flow;
pub mod frame;
pub mod output;
pub mod transport;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{HttpRequest, HttpResponse, web};
use drydock_api::client::Hijacked;
use drydock_spec::SandboxId;
use serde::Deserialize;
use tokio::time::timeout;

use bridge::{Bridge, CLOSE_RESTART, CLOSE_SANDBOX_ENDED, CLOSE_TRY_AGAIN, End};
use frame::WindowSize;
use transport::PageSocket;

use crate::{
    app::App,
    config::{HEALTH_TIMEOUT, MAX_TERMINALS},
    error::{ApiError, Refusal, chain},
    learner::LearnerId,
    sandboxes::Sandbox,
};

/// How long the engine may take to give a terminal.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
const ENDED: &str = "the sandbox has ended";

/// What the page asks for in the URL.
#[derive(Debug, Deserialize)]
pub struct Wish {
    name: String,
    cols: u16,
    rows: u16,
}

/// `GET /ws/terminal/{sandbox}`: joins the page to a terminal of its sandbox.
///
/// # Errors
/// When the sandbox is not the learner's, or the request is no handshake.
pub async fn open(
    request: HttpRequest,
    payload: web::Payload,
    app: web::Data<App>,
    learner: web::ReqData<LearnerId>,
    sandbox: web::Path<String>,
    wish: Result<web::Query<Wish>, actix_web::Error>,
) -> Result<HttpResponse, ApiError> {
    let learner = learner.into_inner();
    let wish = wish
        .map_err(|error| Refusal::Malformed(error.to_string()))?
        .into_inner();
    let path = terminal_path(&wish)?;
    let id: SandboxId = sandbox.parse().map_err(|_| Refusal::NoSuchSandbox)?;
    if app.shutdown.is_cancelled() {
        return Err(Refusal::ShuttingDown.into());
    }
    let live = app.sandboxes.find(learner, id);
    if live.is_none() && !app.store.owns_sandbox(learner, id).await? {
        return Err(Refusal::NoSuchSandbox.into());
    }
    let place = app.terminals.take_place(learner)?;
    let (response, page) = transport::upgrade(&request, payload)
        .await
        .map_err(|error| Refusal::Malformed(error.to_string()))?;
    actix_rt::spawn(async move {
        let _place = place;
        match live {
            Some(sandbox) => join(&app, page, &sandbox, &path).await,
            // A refused handshake would look to the page like a dropped line.
            None => bridge::close(page, CLOSE_SANDBOX_ENDED, ENDED).await,
        }
    });
    Ok(response)
}

async fn join(app: &App, page: PageSocket, sandbox: &Sandbox, path: &str) {
    let id = sandbox.id();
    let opening = timeout(OPEN_TIMEOUT, engine_stream(sandbox, path));
    let engine = tokio::select! {
        () = app.shutdown.cancelled() => return bridge::close(page, CLOSE_RESTART, "restarting").await,
        opened = opening => opened,
    };
    let engine = match engine {
        Ok(Ok(engine)) => engine,
        failed => {
            let error = match &failed {
                Ok(Err(error)) => chain(error),
                _ => "no answer in time".into(),
            };
            tracing::warn!(sandbox = %id, error, "the engine gave no terminal");
            let (code, reason) = after_the_engine(sandbox).await;
            return bridge::close(page, code, reason).await;
        }
    };
    let bridge = Bridge {
        page,
        engine,
        shutdown: app.shutdown.clone(),
    };
    let end = bridge
        .run(async |end: &End| close_for(end, sandbox).await)
        .await;
    tracing::debug!(sandbox = %id, ?end, "a terminal was closed");
}

async fn engine_stream(
    sandbox: &Sandbox,
    path: &str,
) -> Result<Hijacked, drydock_api::client::ClientError> {
    sandbox
        .client()
        .hijack(http::Method::POST, path, None)
        .await
}

/// What each end means to the page; `None` when there is nobody left to tell.
async fn close_for(end: &End, sandbox: &Sandbox) -> Option<(u16, &'static str)> {
    match end {
        End::PageLeft | End::PageSilent => None,
        End::PageGarbled(_) => Some((1002, "not a terminal message")),
        End::ShellExited => Some((1000, "the shell ended")),
        End::ShuttingDown => Some((CLOSE_RESTART, "restarting")),
        End::EngineGarbled(_) | End::EngineGone => Some(after_the_engine(sandbox).await),
    }
}

/// The engine went away: for good, or from this page only?
async fn after_the_engine(sandbox: &Sandbox) -> (u16, &'static str) {
    let answers = async { sandbox.health().await.is_ok() };
    if sandbox.alive() && timeout(HEALTH_TIMEOUT, answers).await.unwrap_or(false) {
        (CLOSE_TRY_AGAIN, "the engine let go of this terminal")
    } else {
        (CLOSE_SANDBOX_ENDED, ENDED)
    }
}

fn terminal_path(wish: &Wish) -> Result<String, Refusal> {
    let named = (1..=16).contains(&wish.name.len())
        && wish
            .name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !named {
        return Err(Refusal::Malformed(
            "a terminal's name has 1 to 16 of a-z, 0-9 and -".into(),
        ));
    }
    let WindowSize { cols, rows } = WindowSize::new(wish.cols, wish.rows)
        .ok_or_else(|| Refusal::Malformed("a window has 1 to 1000 columns and rows".into()))?;
    Ok(format!(
        "/drydock/v1/terminals/{}?cols={cols}&rows={rows}",
        wish.name
    ))
}

/// Who has how many terminals open.
#[derive(Debug, Clone, Default)]
pub struct Terminals(Arc<Mutex<HashMap<LearnerId, usize>>>);

/// One open terminal; counted until it is dropped.
#[derive(Debug)]
struct Place {
    terminals: Terminals,
    learner: LearnerId,
}

impl Terminals {
    fn take_place(&self, learner: LearnerId) -> Result<Place, Refusal> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(learner).or_default();
        if *count >= MAX_TERMINALS {
            return Err(Refusal::TooManyTerminals);
        }
        *count += 1;
        Ok(Place {
            terminals: self.clone(),
            learner,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self
            .terminals
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.learner) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.learner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str, cols: u16) -> Result<String, Refusal> {
        terminal_path(&Wish {
            name: name.into(),
            cols,
            rows: 24,
        })
    }

    #[test]
    fn the_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(
            path("main", 80).unwrap(),
            "/drydock/v1/terminals/main?cols=80&rows=24"
        );
        for name in ["", "a/b", "..", "A", "a b", "a?x", "seventeen-letters"] {
            assert!(path(name, 80).is_err(), "{name:?}");
        }
        assert!(path("main", 0).is_err());
    }

    #[test]
    fn places_are_counted_per_learner_and_given_back() {
        let terminals = Terminals::default();
        let me = LearnerId::random();
        let mut places: Vec<_> = (0..MAX_TERMINALS)
            .map(|_| terminals.take_place(me).unwrap())
            .collect();
        assert!(terminals.take_place(me).is_err());
        assert!(terminals.take_place(LearnerId::random()).is_ok());
        places.pop();
        assert!(terminals.take_place(me).is_ok());
        places.clear();
        assert!(terminals.0.lock().unwrap().is_empty());
    }
}
