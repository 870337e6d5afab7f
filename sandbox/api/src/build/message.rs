//! What the engine says of a build.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::status::SolveStatus;

/// One line of a build's answer. Exactly one of `result` and `error` comes, and it is the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildMessage {
    /// Progress.
    Status(SolveStatus),
    /// It went well.
    Result(Box<BuildOutcome>),
    /// It did not.
    Error(Box<BuildFailure>),
}

/// A build that went well.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildOutcome {
    /// The image's id; `None` when no image was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What `--metadata-file` gets, `containerimage.digest` and the like.
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// One for each output that the client fetches: `GET /drydock/v1/build/outputs/{token}`, in the order asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<String>,
    /// `--explain`: one for each step, in the order of the Dockerfile.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepReport>,
    /// What the build checks found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<BuildWarning>,
    /// The Dockerfile, when there are warnings to show in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceFile>,
}

/// A build that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildFailure {
    /// `failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1`, without the
    /// `ERROR: ` that the client puts before it.
    pub message: String,
    /// What the build's command ends with.
    pub code: i32,
    /// The step that failed, as the display names it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// Its digest.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vertex: String,
    /// The Dockerfile, for the excerpt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceFile>,
    /// The lines at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Lines>,
    /// As [`BuildOutcome::steps`], until the failure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepReport>,
    /// What the build checks found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<BuildWarning>,
}

/// A Dockerfile as it was built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// What messages call it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Lines of a Dockerfile, from 1, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// The first.
    pub first: usize,
    /// The last.
    pub last: usize,
}

/// A finding of a build check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildWarning {
    /// `JSONArgsRecommended`.
    pub rule: String,
    /// What the rule is about.
    pub description: String,
    /// What was found.
    pub message: String,
    /// Where Docker explains the rule.
    pub url: String,
    /// The lesson that explains it, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lesson: Option<String>,
    /// Where it was found.
    pub lines: Lines,
}

/// What became of a step, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepReport {
    /// `[builder 2/5] COPY . .`.
    pub name: String,
    /// Where it is written.
    pub lines: Lines,
    /// Its result was there already.
    pub cached: bool,
    /// Why it was not, most telling first; empty when it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub misses: Vec<Miss>,
    /// Bytes of its layer; `None` when it makes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// Why a step was not in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Miss {
    /// No build came this far before, or its results were removed.
    First,
    /// `--no-cache` or `--no-cache-filter`.
    Asked,
    /// The instruction reads otherwise than in the last build.
    Instruction {
        /// As it was.
        before: String,
        /// As it is.
        now: String,
    },
    /// A build argument or variable that the step sees has another value; values are not told.
    Variable {
        /// Which.
        name: String,
    },
    /// A file that the step copies has other content, mode or owner.
    FileChanged {
        /// Which.
        path: String,
    },
    /// It copies a file that was not there.
    FileAdded {
        /// Which.
        path: String,
    },
    /// A file that it copied is gone.
    FileRemoved {
        /// Which.
        path: String,
    },
    /// More files are different than are named.
    MoreFiles {
        /// How many more.
        count: usize,
    },
    /// The base image is another one.
    Base {
        /// As FROM names it.
        name: String,
    },
    /// A step that it stands on ran again.
    Parent {
        /// That step's name.
        step: String,
    },
    /// The stage or image that it copies from, or mounts, is different.
    Source {
        /// Its name.
        name: String,
    },
    /// Its setting (user, working directory, shell) is different.
    Setting {
        /// Which.
        name: String,
    },
    /// It was in the cache and was removed to make room, or by `docker builder prune`.
    Pruned,
}

/// A record of the build cache, as `docker buildx du --verbose` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CacheRecord {
    /// Its name.
    pub id: String,
    /// The records it stands on.
    pub parents: Vec<String>,
    /// `regular`, `source.local`, `exec.cachemount`.
    pub kind: String,
    /// `[2/5] RUN make`, or what made it.
    pub description: String,
    /// Bytes of its own.
    pub size: u64,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub last_used: Option<String>,
    /// How often.
    pub usage_count: u64,
    /// An image stands on it, or a build uses it, so pruning frees nothing.
    pub in_use: bool,
    /// As [`Self::in_use`], by an image.
    pub shared: bool,
}
