//! `GET /events`.

use axum::{Extension, extract::State, response::Response};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;

use super::{Asked, At};
use crate::{Engine, clock, error::EngineError, events::Event, filters::Filters, http::stream};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct EventsQuery {
    since: String,
    until: String,
    filters: Option<String>,
}

impl EventsQuery {
    /// From when, and until when.
    fn span(&self) -> Result<(Option<Timestamp>, Option<Timestamp>), EngineError> {
        let (since, until) = (limit(&self.since)?, limit(&self.until)?);
        if let (Some(from), Some(to)) = (since, until)
            && from > to
        {
            return Err(EngineError::Invalid(format!(
                "`since` time ({}) cannot be after `until` time ({})",
                self.since, self.until
            )));
        }
        Ok((since, until))
    }
}

/// A limit as [`clock::parse_limit`] reads it, but `0` is 1970: only what is empty is no limit here.
fn limit(text: &str) -> Result<Option<Timestamp>, EngineError> {
    match text {
        "0" => Ok(Some(Timestamp::UNIX_EPOCH)),
        text => clock::parse_limit(text).map_err(EngineError::Invalid),
    }
}

pub(crate) async fn events(
    State(engine): State<Engine>,
    Extension(door): At,
    Asked(asked): Asked<EventsQuery>,
) -> Result<Response, EngineError> {
    let filters = Filters::parse_any(asked.filters.as_deref())?;
    let (since, until) = asked.span()?;
    let (past, mut present) = engine.events.listen();
    let (sender, response) = stream::growing("application/json");
    let wanted = move |event: &Event| {
        event.is_for(door, &filters) && until.is_none_or(|until| event.time() <= until)
    };
    tokio::spawn(async move {
        // As in Docker, an end alone asks for all of the past too.
        let past = past.iter().filter(|event| match since {
            Some(since) => event.time() >= since,
            None => until.is_some(),
        });
        for event in past.filter(|event| wanted(event)) {
            if sender.json_value(event).await.is_err() {
                return;
            }
        }
        let end = end_of(until);
        tokio::pin!(end);
        loop {
            let event = tokio::select! {
                event = present.recv() => event,
                () = sender.closed() => return,
                () = &mut end => return,
            };
            match event {
                Ok(event) if wanted(&event) => {
                    if sender.json_value(&event).await.is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "a listener is too slow for the events");
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
    Ok(response)
}

/// Returns at that time; without one, never.
async fn end_of(until: Option<Timestamp>) {
    let Some(until) = until else {
        return std::future::pending().await;
    };
    let left = until.duration_since(Timestamp::now());
    tokio::time::sleep(std::time::Duration::try_from(left).unwrap_or_default()).await;
}
