//! `GET /containers/{id}/logs`.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use bytes::{Bytes, BytesMut};
use drydock_api::stdcopy::{self, Stream};
use serde::Deserialize;

use super::{Asked, At, find, streams::content_type};
use crate::{
    Engine, clock,
    container::{
        Container,
        log::{
            lines::{Line, Lines, Selection, Tail},
            options::details,
            read::{Reader, Source},
        },
    },
    error::EngineError,
    http::{query, stream, version::ApiVersion},
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct LogsQuery {
    #[serde(deserialize_with = "query::flag")]
    follow: bool,
    #[serde(deserialize_with = "query::flag")]
    stdout: bool,
    #[serde(deserialize_with = "query::flag")]
    stderr: bool,
    #[serde(deserialize_with = "query::flag")]
    timestamps: bool,
    #[serde(deserialize_with = "query::flag")]
    details: bool,
    since: String,
    until: String,
    tail: String,
}

impl LogsQuery {
    fn selection(&self, container: &Container) -> Result<Selection, EngineError> {
        Ok(Selection {
            stdout: self.stdout,
            stderr: self.stderr,
            since: clock::parse_limit(&self.since).map_err(EngineError::Invalid)?,
            until: clock::parse_limit(&self.until).map_err(EngineError::Invalid)?,
            timestamps: self.timestamps,
            details: self
                .details
                .then(|| details(&container.name(), &container.config, &container.host)),
            // Docker takes anything that is no number for all of it.
            tail: self.tail.parse().ok(),
        })
    }
}

pub(crate) async fn logs(
    State(engine): State<Engine>,
    Extension(door): At,
    Extension(api): Extension<ApiVersion>,
    Path(id): Path<String>,
    Asked(asked): Asked<LogsQuery>,
) -> Result<Response, EngineError> {
    if !asked.stdout && !asked.stderr {
        let words = "Bad parameters: you must choose at least one stream";
        return Err(EngineError::Invalid(words.into()));
    }
    let container = find(&engine, door, &id)?;
    let selection = asked.selection(&container)?;
    if container.host.log_config.kind == "none" {
        return Err(EngineError::UnreadableLog);
    }
    let (sender, response) = stream::growing(content_type(api, container.config.tty));
    let printer = Printer {
        container,
        selection,
        sender,
    };
    tokio::spawn(async move {
        let gone = printer.sender.clone();
        tokio::select! {
            result = printer.print(asked.follow) => {
                if let Err(error) = result {
                    tracing::debug!(%error, "logs ended");
                }
            }
            () = gone.closed() => {}
        }
    });
    Ok(response)
}

struct Printer {
    container: Arc<Container>,
    selection: Selection,
    sender: stream::Sender,
}

impl Printer {
    /// Prints what is wanted of the past, and then of what is added while the container runs.
    async fn print(&self, follow: bool) -> std::io::Result<()> {
        let mut reader = self.container.log.reader();
        let mut lines = Lines::default();
        if let Some(most) = self.selection.tail {
            let mut tail = Tail::new(most);
            while reader.next(|record| {
                lines.feed(record, |line| {
                    if self.selection.wants(&line) {
                        tail.push(line)
                    }
                })
            })? {}
            self.send(tail.take()).await?;
        }
        let mut changes = self.container.watch();
        loop {
            let ended = !changes.borrow_and_update().info().running;
            self.rest(&mut reader, &mut lines).await?;
            let over = self
                .selection
                .until
                .is_some_and(|until| until <= jiff::Timestamp::now());
            if !follow || ended || over {
                return Ok(());
            }
            tokio::select! {
                () = reader.grown() => {}
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
                () = until(self.selection.until) => {}
            }
        }
    }

    async fn rest(&self, reader: &mut Reader<'_>, lines: &mut Lines) -> std::io::Result<()> {
        loop {
            let mut found = Vec::new();
            let more = reader.next(|record| {
                lines.feed(record, |line| {
                    if self.selection.wants(&line) {
                        found.push(line)
                    }
                });
            })?;
            self.send(found.into_iter()).await?;
            if !more {
                return Ok(());
            }
        }
    }

    async fn send(&self, lines: impl Iterator<Item = Line>) -> std::io::Result<()> {
        let mut buffer = BytesMut::new();
        for line in lines {
            let stream = if line.source == Source::Stderr {
                Stream::Stderr
            } else {
                Stream::Stdout
            };
            let bytes = self.selection.render(line);
            if self.container.config.tty {
                buffer.extend_from_slice(&bytes);
            } else {
                stdcopy::encode(stream, &bytes, &mut buffer);
            }
            if buffer.len() >= 64 << 10 {
                self.flush(&mut buffer).await?;
            }
        }
        self.flush(&mut buffer).await
    }

    async fn flush(&self, buffer: &mut BytesMut) -> std::io::Result<()> {
        if buffer.is_empty() {
            return Ok(());
        }
        let bytes: Bytes = buffer.split().freeze();
        self.sender
            .bytes(bytes)
            .await
            .map_err(std::io::Error::other)
    }
}

/// Returns at that time; without one, never.
async fn until(time: Option<jiff::Timestamp>) {
    let Some(time) = time else {
        return std::future::pending().await;
    };
    let left = time.duration_since(jiff::Timestamp::now());
    tokio::time::sleep(std::time::Duration::try_from(left).unwrap_or_default()).await;
}
