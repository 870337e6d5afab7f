//! The body of every refusal.

use serde::{Deserialize, Serialize};

/// `{"message": "…"}`, in Docker's words where Docker has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorMessage {
    /// What went wrong, without a full stop, as Docker writes it.
    pub message: String,
}

impl ErrorMessage {
    /// A refusal in these words.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}
