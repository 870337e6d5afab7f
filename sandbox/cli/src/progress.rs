//! The JSON stream of a build or a pull, shown as Docker shows it.

use std::{collections::HashMap, marker::PhantomData};

use drydock_api::models::{JsonMessage, JsonProgress};
use http_body_util::BodyExt;
use hyper::{Response, body::Incoming};
use serde::de::DeserializeOwned;

use crate::{
    error::CliError,
    text::size,
    tty::{self, Output},
};

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
    columns: usize,
    lines: HashMap<String, usize>,
}

impl Display {
    /// Shows on `output`.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self {
            output,
            terminal: output.is_terminal(),
            columns: tty::columns(),
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
        let id = message.id.as_deref().filter(|id| !id.is_empty());
        let head = id.map(|id| format!("{id}: ")).unwrap_or_default();
        let Some(progress) = &message.progress_detail else {
            // What is not about progress ends the block of lines that are redrawn.
            self.lines.clear();
            return format!("{head}{status}\n");
        };
        let shown = bar(progress, self.columns);
        if !self.terminal {
            return if shown.is_empty() {
                format!("{head}{status}\n")
            } else {
                String::new()
            };
        }
        let text = format!("\x1b[2K\r{head}{status} {shown}\r");
        let Some(id) = id else {
            return text;
        };
        let count = self.lines.len();
        let row = *self.lines.entry(id.to_owned()).or_insert(count);
        let new = if row == count { "\n" } else { "" };
        let up = self.lines.len() - row;
        format!("{new}\x1b[{up}A{text}\x1b[{up}B")
    }
}

/// As much of a bar as the window has room for; nothing when nothing is counted.
fn bar(progress: &JsonProgress, columns: usize) -> String {
    let (current, total) = (progress.current.unwrap_or(0), progress.total.unwrap_or(0));
    if current <= 0 && total <= 0 {
        return String::new();
    }
    if total <= 0 {
        return format!("{:>8}", size::long(current));
    }
    let half = usize::try_from(current.saturating_mul(50) / total).unwrap_or(0);
    let half = half.min(50);
    let numbers = if current > total {
        format!("{:>8}", size::long(current))
    } else {
        format!("{:>8}/{}", size::long(current), size::long(total))
    };
    if columns <= 110 {
        return numbers;
    }
    format!("[{}>{}] {numbers}", "=".repeat(half), " ".repeat(50 - half))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display(terminal: bool) -> Display {
        Display {
            output: Output::Stdout,
            terminal,
            columns: 120,
            lines: HashMap::new(),
        }
    }

    #[test]
    fn on_a_terminal_a_layer_has_a_line_of_its_own() {
        let mut display = display(true);
        let mut message = |text: &str| display.line(&serde_json::from_str(text).unwrap());
        assert_eq!(
            message(r#"{"status":"The push refers to"}"#),
            "The push refers to\n"
        );
        let first = message(r#"{"status":"Preparing","progressDetail":{},"id":"ab"}"#);
        assert_eq!(first, "\n\x1b[1A\x1b[2K\rab: Preparing \r\x1b[1B");
        let bar =
            message(r#"{"status":"Pushing","progressDetail":{"current":5,"total":10},"id":"ab"}"#);
        let filled = "=".repeat(25) + ">" + &" ".repeat(25);
        let shown = format!("\x1b[1A\x1b[2K\rab: Pushing [{filled}]       5B/10B\r\x1b[1B");
        assert_eq!(bar, shown);
        assert_eq!(message(r#"{"status":"v1: digest"}"#), "v1: digest\n");
        let again = message(r#"{"status":"Preparing","progressDetail":{},"id":"ab"}"#);
        assert!(again.starts_with('\n'), "{again:?}");
    }

    #[test]
    fn without_a_terminal_only_whole_states_are_shown() {
        let mut display = display(false);
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
