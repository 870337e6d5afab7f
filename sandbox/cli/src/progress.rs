//! The JSON stream of a build or a pull, shown as Docker shows it.

use std::{collections::HashMap, marker::PhantomData};

use drydock_api::models::JsonMessage;
use http_body_util::BodyExt;
use hyper::{Response, body::Incoming};
use serde::de::DeserializeOwned;

use crate::{error::CliError, text::size, tty::Output};

/// The longest line that is read into memory.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// JSON messages as they come off the socket, one after the other.
#[derive(Debug)]
pub struct Messages<T = JsonMessage> {
    body: Incoming,
    pending: Vec<u8>,
    at: usize,
    kind: PhantomData<T>,
}

impl<T: DeserializeOwned> Messages<T> {
    /// The messages of a response.
    #[must_use]
    pub fn new(response: Response<Incoming>) -> Self {
        Self {
            body: response.into_body(),
            pending: Vec::new(),
            at: 0,
            kind: PhantomData,
        }
    }

    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// When the stream breaks off or holds something else.
    pub async fn next(&mut self) -> Result<Option<T>, CliError> {
        loop {
            let unread = &self.pending[self.at..];
            let mut values = serde_json::Deserializer::from_slice(unread).into_iter::<T>();
            match values.next() {
                Some(Ok(message)) => {
                    self.at += values.byte_offset();
                    return Ok(Some(message));
                }
                Some(Err(error)) if !error.is_eof() => {
                    return Err(CliError::failed(format!(
                        "unexpected answer from the engine: {error}"
                    )));
                }
                _ => {}
            }
            self.pending.drain(..self.at);
            self.at = 0;
            if self.pending.len() > MAX_LINE {
                return Err(CliError::failed(
                    "a line of the engine's answer is too long",
                ));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => self.pending.extend(frame.into_data().unwrap_or_default()),
                Some(Err(error)) => {
                    return Err(CliError::failed(format!("error during connect: {error}")));
                }
            }
        }
    }
}

/// The failure that a message tells of, with the exit code of the build step that failed.
#[must_use]
pub fn failure(message: &JsonMessage) -> Option<CliError> {
    if let Some(detail) = &message.error_detail {
        let code = detail
            .code
            .and_then(|code| i32::try_from(code).ok())
            .filter(|code| *code != 0)
            .unwrap_or(1);
        return Some(CliError::Failed {
            message: detail.message.trim_end().into(),
            code,
        });
    }
    message
        .error
        .as_ref()
        .map(|text| CliError::failed(text.trim_end()))
}

/// Shows messages on one output.
#[derive(Debug)]
pub struct Display {
    output: Output,
    terminal: bool,
    lines: HashMap<String, usize>,
}

impl Display {
    /// Shows on `output`.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self {
            output,
            terminal: output.is_terminal(),
            lines: HashMap::new(),
        }
    }

    /// Shows all messages until the end.
    ///
    /// # Errors
    /// The failure that the stream tells of.
    pub async fn all(mut self, mut messages: Messages) -> Result<(), CliError> {
        while let Some(message) = messages.next().await? {
            if let Some(error) = failure(&message) {
                return Err(error);
            }
            self.output.write(self.line(&message).as_bytes())?;
        }
        Ok(())
    }

    /// A message as text, with the cursor movements that put a layer's progress on its own line.
    pub fn line(&mut self, message: &JsonMessage) -> String {
        if let Some(text) = &message.stream {
            return text.clone();
        }
        let Some(status) = &message.status else {
            return String::new();
        };
        let progress = message
            .progress_detail
            .as_ref()
            .filter(|p| p.current.is_some_and(|current| current > 0));
        let Some(id) = message.id.as_deref().filter(|id| !id.is_empty()) else {
            return format!("{status}\n");
        };
        if !self.terminal {
            return if progress.is_some() {
                String::new()
            } else {
                format!("{id}: {status}\n")
            };
        }
        let bar = progress
            .map(|p| format!(" {}", bar(p.current.unwrap_or(0), p.total.unwrap_or(0))))
            .unwrap_or_default();
        let count = self.lines.len();
        let row = *self.lines.entry(id.to_owned()).or_insert(count);
        if row == count {
            return format!("{id}: {status}{bar}\n");
        }
        let up = count - row;
        format!("\x1b[{up}A\r\x1b[2K{id}: {status}{bar}\x1b[{up}B\r")
    }
}

fn bar(current: i64, total: i64) -> String {
    if total <= 0 {
        return format!("{:>8}", size::long(current));
    }
    let filled = usize::try_from(current.saturating_mul(50) / total)
        .unwrap_or(0)
        .min(50);
    let head = if filled < 50 { ">" } else { "" };
    format!(
        "[{}{head}{}] {:>8}/{}",
        "=".repeat(filled),
        " ".repeat(50 - filled - head.len()),
        size::long(current),
        size::long(total)
    )
}

#[cfg(test)]
mod tests {
    use drydock_api::models::JsonProgress;

    use super::*;

    #[test]
    fn without_a_terminal_only_whole_states_are_shown() {
        let mut display = Display {
            output: Output::Stdout,
            terminal: false,
            lines: HashMap::new(),
        };
        let mut message = JsonMessage {
            status: Some("Downloading".into()),
            id: Some("ab".into()),
            ..JsonMessage::default()
        };
        assert_eq!(display.line(&message), "ab: Downloading\n");
        message.progress_detail = Some(JsonProgress {
            current: Some(5),
            total: Some(10),
            ..JsonProgress::default()
        });
        assert_eq!(display.line(&message), "");
    }

    #[test]
    fn a_failed_step_gives_its_exit_code() {
        let message: JsonMessage = serde_json::from_str(
            r#"{"errorDetail":{"code":3,"message":"it failed"},"error":"it failed"}"#,
        )
        .unwrap();
        assert_eq!(
            failure(&message).map(|e| (e.exit_code(), e.words())),
            Some((3, Some("it failed".into())))
        );
    }
}
