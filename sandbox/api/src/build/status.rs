//! The progress of a build, as BuildKit words it.

use serde::{Deserialize, Serialize};

/// What happened since the last one. Times are RFC 3339 with nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SolveStatus {
    /// Steps that began, ended or were found in the cache.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vertexes: Vec<Vertex>,
    /// Parts of steps with a progress of their own: transfers, exports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<Status>,
    /// What commands printed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<Log>,
    /// Build checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// A step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vertex {
    /// Names it in later messages.
    pub digest: String,
    /// The steps it stands on, by their digests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// `[builder 2/5] RUN make`.
    pub name: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed: Option<String>,
    /// Its result was there already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
}

/// A part of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// `transferring context:` and the like; shown.
    pub id: String,
    /// The step.
    pub vertex: String,
    /// As [`Self::id`], if it is worded otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Bytes in all; zero when not known.
    #[serde(skip_serializing_if = "is_zero")]
    pub total: u64,
    /// Bytes so far.
    pub current: u64,
    /// When this was so.
    pub timestamp: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed: Option<String>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a command printed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The step.
    pub vertex: String,
    /// 1 is standard output, 2 standard error.
    pub stream: u8,
    /// The bytes, base64.
    pub data: String,
    /// When it was read.
    pub timestamp: String,
}

/// A finding of a build check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Warning {
    /// The step, or empty.
    pub vertex: String,
    /// 1: a lint.
    pub level: u8,
    /// `JSONArgsRecommended: JSON arguments recommended for CMD …`, base64.
    pub short: String,
    /// What the rule is about, base64 each.
    pub detail: Vec<String>,
    /// Where the rule is explained.
    pub url: String,
    /// The Dockerfile.
    #[serde(rename = "sourceInfo", skip_serializing_if = "Option::is_none")]
    pub source_info: Option<SourceInfo>,
    /// The lines it is about.
    pub range: Vec<Range>,
}

/// The text a warning is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// The Dockerfile's name.
    pub filename: String,
    /// Its text, base64.
    pub data: String,
}

/// Lines, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The first.
    pub start: Position,
    /// The last.
    pub end: Position,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// From 1.
    pub line: u32,
}
