//! What a build says: one JSON object a line, as the classic builder sends them.

use drydock_api::models::JsonMessage;
use serde::Serialize;

use super::{error::BuildError, pump::Listener};
use crate::http::stream::{Gone, Sender};

/// Of a quiet build's output so much is kept, to be shown if it fails.
const QUIET_BYTES: usize = 256 << 10;

#[derive(Serialize)]
#[serde(untagged)]
enum Message<'a> {
    Stream {
        stream: &'a str,
    },
    Aux {
        aux: Aux<'a>,
    },
    Error {
        #[serde(rename = "errorDetail")]
        detail: Detail<'a>,
        error: &'a str,
    },
}

#[derive(Serialize)]
struct Aux<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
}

#[derive(Serialize)]
struct Detail<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    message: &'a str,
}

/// Where a build's output goes; sending waits while the client is behind.
#[derive(Debug)]
pub(super) struct Output {
    sender: Sender,
    /// With `-q`: what was not said.
    withheld: Option<String>,
}

impl Output {
    pub(super) fn new(sender: Sender, quiet: bool) -> Self {
        Self {
            sender,
            withheld: quiet.then(String::new),
        }
    }

    /// Says `text` as it is.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Gone> {
        match &mut self.withheld {
            None => self.send(&Message::Stream { stream: text }),
            Some(withheld) => {
                if withheld.len() + text.len() <= QUIET_BYTES {
                    withheld.push_str(text);
                }
                Ok(())
            }
        }
    }

    /// As [`Self::say`], in red: what a command wrote to its standard error.
    pub(super) fn say_red(&mut self, text: &str) -> Result<(), Gone> {
        self.say(&format!("\u{1b}[91m{text}\u{1b}[0m"))
    }

    /// A line of a pull.
    pub(super) fn pulled(&mut self, line: &JsonMessage) -> Result<(), Gone> {
        match self.withheld {
            None => self.sender.json_blocking(line),
            Some(_) => Ok(()),
        }
    }

    /// The id of an image that was built.
    pub(super) fn built(&mut self, id: &str) -> Result<(), Gone> {
        if self.withheld.is_some() {
            return Ok(());
        }
        self.send(&Message::Aux { aux: Aux { id } })
    }

    /// Ends a quiet build: its one line.
    pub(super) fn finish(&mut self, id: &str) -> Result<(), Gone> {
        if self.withheld.take().is_some() {
            self.say(&format!("{id}\n"))?;
        }
        Ok(())
    }

    /// Why the build failed; what a quiet one did not say comes first.
    pub(super) fn fail(&mut self, error: &BuildError) -> Result<(), Gone> {
        if let Some(withheld) = self.withheld.take() {
            self.say(&withheld)?;
        }
        let message = error.message();
        let detail = Detail {
            code: error.code(),
            message: &message,
        };
        self.send(&Message::Error {
            detail,
            error: &message,
        })
    }

    fn send(&self, message: &Message<'_>) -> Result<(), Gone> {
        self.sender.json_blocking(message)
    }
}

impl Listener for Output {
    fn printed(&mut self, stderr: bool, text: &str) -> Result<(), Gone> {
        if stderr {
            self.say_red(text)
        } else {
            self.say(text)
        }
    }
}

/// Bytes to text, piece by piece: a character that a piece cuts in two waits for its rest.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    rest: Vec<u8>,
}

impl Decoder {
    /// The text of these bytes; what is no UTF-8 becomes U+FFFD.
    pub(super) fn decode(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let cut = match std::str::from_utf8(&self.rest) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            // Invalid in the middle: only an unfinished character at the very end waits.
            Err(_) => self.rest.len() - unfinished(&self.rest),
            Ok(_) => self.rest.len(),
        };
        let tail = self.rest.split_off(cut);
        String::from_utf8_lossy(&std::mem::replace(&mut self.rest, tail)).into_owned()
    }

    /// What is left at the end.
    pub(super) fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.rest)).into_owned()
    }
}

/// How many bytes at the end begin a character that is not complete.
fn unfinished(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    (start..bytes.len())
        .find(|&at| {
            matches!(std::str::from_utf8(&bytes[at..]), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .map_or(0, |at| bytes.len() - at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_cut_in_two_comes_out_whole() {
        let mut decoder = Decoder::default();
        let bytes = "aé€😀".as_bytes();
        let text: String = bytes.chunks(1).map(|piece| decoder.decode(piece)).collect();
        assert_eq!(text + &decoder.finish(), "aé€😀");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(b"a\xffb\xc3"), "a\u{fffd}b");
        assert_eq!(decoder.decode(b"\xa9"), "é");
        assert_eq!(decoder.decode(b"\xe2\x82"), "");
        assert_eq!(decoder.finish(), "\u{fffd}");
    }

    #[test]
    fn messages_have_dockers_shape() {
        let text = |message: &Message<'_>| serde_json::to_string(message).unwrap_or_default();
        assert_eq!(
            text(&Message::Stream { stream: "a\n" }),
            r#"{"stream":"a\n"}"#
        );
        assert_eq!(
            text(&Message::Aux {
                aux: Aux { id: "x" }
            }),
            r#"{"aux":{"ID":"x"}}"#
        );
        let detail = Detail {
            code: Some(1),
            message: "m",
        };
        assert_eq!(
            text(&Message::Error { detail, error: "m" }),
            r#"{"errorDetail":{"code":1,"message":"m"},"error":"m"}"#
        );
    }
}
