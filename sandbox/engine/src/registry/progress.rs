//! The lines of a pull or a push, as Docker words them.

use drydock_api::models::{JsonError, JsonMessage, JsonProgress};

use crate::error::EngineError;

/// About the whole.
pub(crate) fn status(text: impl Into<String>) -> JsonMessage {
    JsonMessage {
        status: Some(text.into()),
        ..JsonMessage::default()
    }
}

/// About the tag or digest `id`.
pub(crate) fn about(text: impl Into<String>, id: impl Into<String>) -> JsonMessage {
    JsonMessage {
        id: Some(id.into()),
        ..status(text)
    }
}

/// About a layer.
pub(crate) fn layer(text: impl Into<String>, digest: &str) -> JsonMessage {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    JsonMessage {
        progress_detail: Some(JsonProgress::default()),
        ..about(text, hex.chars().take(12).collect::<String>())
    }
}

/// About a layer of which some bytes are done.
pub(crate) fn bytes(text: &str, digest: &str, current: u64, total: u64) -> JsonMessage {
    let count = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    JsonMessage {
        progress_detail: Some(JsonProgress {
            current: Some(count(current)),
            total: Some(count(total)),
            ..JsonProgress::default()
        }),
        ..layer(text, digest)
    }
}

/// The last line, when it came to nothing.
pub(crate) fn failure(error: &EngineError) -> JsonMessage {
    let message = error.message();
    JsonMessage {
        error: Some(message.clone()),
        error_detail: Some(JsonError {
            code: None,
            message,
        }),
        ..JsonMessage::default()
    }
}
