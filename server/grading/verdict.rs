//! What one check found.

use std::time::Duration;

use drydock_api::client::ClientError;

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Unmet(Finding),
}

/// Why a condition does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The second half of the message key; one of the kind's own closed list.
    pub condition: &'static str,
    /// The thing does not exist yet, rather than exists and is wrong.
    pub not_yet: bool,
    /// What the learner is told when the lesson has no words of its own for this.
    pub message: String,
    /// What should have been found.
    pub expected: Option<String>,
    /// What was found.
    pub found: Option<String>,
}

impl Finding {
    /// Something is there and wrong.
    pub fn wrong(condition: &'static str, message: impl Into<String>) -> Self {
        Self {
            condition,
            not_yet: false,
            message: message.into(),
            expected: None,
            found: None,
        }
    }

    /// Something is not there yet.
    pub fn absent(condition: &'static str, message: impl Into<String>) -> Self {
        Self {
            not_yet: true,
            ..Self::wrong(condition, message)
        }
    }

    /// Adds both sides of a comparison.
    #[must_use]
    pub fn compared(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }
}

impl From<Finding> for Verdict {
    fn from(finding: Finding) -> Self {
        Self::Unmet(finding)
    }
}

/// Why a condition could not be judged; never the learner's fault.
#[derive(Debug, thiserror::Error)]
pub enum GraderError {
    /// The sandbox did not answer, or answered with something unexpected.
    #[error("the sandbox could not be asked: {0}")]
    Client(#[from] ClientError),
    /// The answer could not be read.
    #[error("the sandbox gave an unreadable answer to {request}: {reason}")]
    Garbled {
        /// What was asked.
        request: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The answer was larger than a check needs.
    #[error("the answer to {request} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked.
        request: String,
        /// The bound.
        limit: usize,
    },
    /// The check did not end in its time.
    #[error("the check did not end within {} seconds", .0.as_secs())]
    TooSlow(Duration),
}
