//! `/containers/{id}/stats`: one frame, or one each second until the client or the container has gone.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{Asked, At, find};
use crate::{
    Engine,
    container::{
        Container,
        stats::{follow, sample},
    },
    error::EngineError,
    http::{query, stream},
};

/// Between two frames, and between the two readings that one frame needs.
const PERIOD: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
#[serde(default)]
pub(crate) struct StatsQuery {
    #[serde(deserialize_with = "query::flag")]
    stream: bool,
    #[serde(rename = "one-shot", deserialize_with = "query::flag")]
    one_shot: bool,
}

impl Default for StatsQuery {
    fn default() -> Self {
        Self {
            stream: true,
            one_shot: false,
        }
    }
}

pub(crate) async fn stats(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<StatsQuery>,
) -> Result<Response, EngineError> {
    let container = find(&engine, door, &id)?;
    if asked.stream && asked.one_shot {
        // Since API 1.41's successors; older engines took the one and forgot the other.
        return Err(EngineError::Invalid(
            "cannot have stream=true and one-shot=true".into(),
        ));
    }
    if asked.stream {
        let (sender, response) = stream::growing("application/json");
        tokio::spawn(frames(engine, container, sender));
        return Ok(response);
    }
    let mut frame = sample(&engine, &container);
    if !asked.one_shot && container.state().is_running() {
        tokio::time::sleep(PERIOD).await;
        let mut second = sample(&engine, &container);
        follow(&mut second, &frame);
        frame = second;
    }
    Ok(Json(frame).into_response())
}

async fn frames(engine: Engine, container: Arc<Container>, sender: stream::Sender) {
    let mut seconds = interval(PERIOD);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut state = container.watch();
    let mut before = None;
    loop {
        tokio::select! {
            _ = seconds.tick() => {}
            () = sender.closed() => return,
            _ = state.wait_for(|state| state.removed) => return,
        }
        let mut frame = sample(&engine, &container);
        if let Some(before) = &before {
            follow(&mut frame, before);
        }
        // A client that reads nothing for so long is told the present when it does.
        match timeout(PERIOD * 60, sender.json(&frame)).await {
            Ok(Ok(())) => before = Some(frame),
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
