//! What can be wrong with a Dockerfile, in the words of Docker's two builders.
//!
//! `Display` has BuildKit's words, `classic()` those of the classic builder of 20.10.

use crate::{
    expand::ExpandError,
    hint::{distance, question},
    lines::Lines,
};

/// A Dockerfile that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No byte in it; how it is called.
    #[error("the Dockerfile cannot be empty")]
    Empty(String),
    /// Only blank lines and comments.
    #[error("file with no instructions")]
    NoInstructions,
    /// Over [`crate::MAX_BYTES`].
    #[error("the Dockerfile is larger than {} bytes", crate::MAX_BYTES)]
    TooLarge,
    /// More instructions or variables than any real file has.
    #[error("the Dockerfile has too many instructions or variables")]
    TooMany,
    /// Only `ARG`s.
    #[error("dockerfile contains no stages to build")]
    NoStages {
        /// Where the first of them stands.
        lines: Lines,
    },
    /// Something before the first FROM that needs a stage.
    #[error("no build stage in current context")]
    NoStage {
        /// Where it stands.
        lines: Lines,
        /// The instruction's name.
        instruction: &'static str,
    },
    /// `--target` names no stage.
    #[error("target stage {name:?} could not be found{}", question(hint.as_deref()))]
    NoTarget {
        /// What was asked for.
        name: String,
        /// The stage that was probably meant.
        hint: Option<String>,
    },
    /// What ONBUILD kept is not one instruction.
    #[error("onbuild trigger should be a single expression")]
    Trigger,
    /// One instruction is wrong.
    #[error("{}{problem}", place(*lines, problem))]
    Line {
        /// Where the instruction is written.
        lines: Lines,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// BuildKit names the line only of what its second pass finds.
fn place(lines: Lines, problem: &Problem) -> String {
    if problem.is_lexical() {
        String::new()
    } else {
        format!("dockerfile parse error on line {}: ", lines.first)
    }
}

impl ParseError {
    pub(crate) fn at(lines: Lines) -> impl FnOnce(Problem) -> Self {
        move |problem| Self::Line { lines, problem }
    }

    /// The lines at fault, where there are some.
    #[must_use]
    pub fn lines(&self) -> Option<Lines> {
        match self {
            Self::NoStages { lines } | Self::NoStage { lines, .. } | Self::Line { lines, .. } => {
                Some(*lines)
            }
            _ => None,
        }
    }

    /// The classic builder's words, with the line also where it does not give it, and a hint.
    #[must_use]
    pub fn classic(&self) -> String {
        match self {
            Self::Empty(name) => format!("the Dockerfile ({name}) cannot be empty"),
            Self::NoInstructions => "failed to parse Dockerfile: file with no instructions".into(),
            Self::TooLarge => {
                format!(
                    "failed to parse Dockerfile: larger than {} bytes",
                    crate::MAX_BYTES
                )
            }
            Self::TooMany => {
                "failed to parse Dockerfile: too many instructions or variables".into()
            }
            Self::NoStages { lines } => no_stage(*lines, "ARG"),
            Self::NoStage { lines, instruction } => no_stage(*lines, instruction),
            Self::NoTarget { name, .. } => {
                format!("failed to reach build target {name} in Dockerfile")
            }
            Self::Trigger => self.to_string(),
            Self::Line { lines, problem } => format!(
                "dockerfile parse error line {}: {}",
                lines.first,
                problem.classic()
            ),
        }
    }
}

fn no_stage(lines: Lines, instruction: &str) -> String {
    format!(
        "dockerfile parse error line {}: no build stage in current context: {instruction} before the first FROM",
        lines.first
    )
}

/// What is wrong with one instruction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No such instruction.
    #[error("unknown instruction: {name}{}", question(hint.as_deref()))]
    Unknown {
        /// As written.
        name: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// In the classic builder, the first line of what looks like a here-document.
    #[error("unknown instruction: {0}")]
    InHeredoc(String),
    /// The number of arguments.
    #[error("{instruction} requires {wanted}")]
    Arguments {
        /// The instruction's name.
        instruction: &'static str,
        /// "at least one argument" and the like.
        wanted: &'static str,
    },
    /// A flag the instruction does not have.
    #[error("unknown flag: --{name}{}", question(hint.as_deref()))]
    UnknownFlag {
        /// Without its dashes.
        name: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// A flag twice.
    #[error("duplicate flag specified: --{0}")]
    DuplicateFlag(String),
    /// `--chown` without `=`.
    #[error("missing a value on flag: --{0}")]
    FlagValue(String),
    /// `--link=x`.
    #[error("expecting boolean value for flag --{name}, not: {value}")]
    FlagSwitch {
        /// Without its dashes.
        name: String,
        /// As written.
        value: String,
    },
    /// A JSON array with something in it that is no string.
    #[error("when using JSON array syntax, arrays must be comprised of strings only")]
    NotStrings,
    /// `ENV a`.
    #[error("{0} must have two arguments")]
    TwoArguments(&'static str),
    /// `ENV a=1 b`.
    #[error("Syntax error - can't find = in {0:?}. Must be of the form: name=value")]
    NoEquals(String),
    /// `ENV =1`.
    #[error("{0} names can not be blank")]
    BlankName(&'static str),
    /// `FROM x AS 1y`.
    #[error(
        "invalid name for build stage: {0:?}, name can't start with a number or contain symbols"
    )]
    StageName(String),
    /// `SHELL /bin/sh`.
    #[error("SHELL requires the arguments to be in JSON form")]
    ShellForm,
    /// `VOLUME [""]`.
    #[error("VOLUME specified can not be an empty string")]
    EmptyVolume,
    /// `HEALTHCHECK FOO`.
    #[error("Unknown type {0:?} in HEALTHCHECK (try CMD)")]
    HealthType(String),
    /// `HEALTHCHECK NONE x`.
    #[error("HEALTHCHECK NONE takes no arguments")]
    HealthNone,
    /// `HEALTHCHECK CMD`.
    #[error("Missing command after HEALTHCHECK CMD")]
    HealthCommand,
    /// Not a duration as Go writes them; why.
    #[error("time: {0}")]
    Duration(String),
    /// A duration below a millisecond.
    #[error("Interval {0:?} cannot be less than 1ms")]
    ShortInterval(String),
    /// `--retries=x`.
    #[error("strconv.ParseInt: parsing {0:?}: invalid syntax")]
    Retries(String),
    /// More than 31 bits of it.
    #[error("strconv.ParseInt: parsing {0:?}: value out of range")]
    ManyRetries(String),
    /// `--retries=-1`; the classic builder wants at least one.
    #[error("--retries cannot be negative ({0})")]
    FewRetries(i64),
    /// `ONBUILD FROM`.
    #[error("{0} isn't allowed as an ONBUILD trigger")]
    Trigger(String),
    /// `ONBUILD ONBUILD`.
    #[error("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")]
    TriggerChain,
    /// `# escape=x`.
    #[error("invalid escape token '{0}' does not match ` or \\")]
    EscapeToken(String),
    /// Two `# escape=` lines.
    #[error("only one {0} parser directive can be used")]
    DirectiveTwice(String),
    /// `# check=x`.
    #[error("failed to parse check options: invalid check option {0:?}")]
    CheckOption(String),
    /// `COPY x <<EOF`.
    #[error("{0} cannot accept a heredoc as a destination")]
    HeredocDestination(&'static str),
    /// `<<EOF` and no `EOF`.
    #[error("unterminated heredoc")]
    Unterminated,
    /// `<<"EOF`.
    #[error(transparent)]
    Heredoc(ExpandError),
    /// `RUN --network=x`.
    #[error("invalid network mode {0:?}")]
    Network(String),
    /// `RUN --security=x`.
    #[error("security {0:?} is not valid")]
    Security(String),
    /// A `--mount` that is no list of comma-separated values.
    #[error("failed to parse csv mounts: {0}")]
    MountList(&'static str),
    /// `RUN --mount=from=$x`.
    #[error("'from' doesn't support variable expansion, define alias stage instead")]
    MountFrom,
}

impl Problem {
    /// Found while the file is split into words, before any instruction is looked at.
    pub(crate) fn is_lexical(&self) -> bool {
        matches!(
            self,
            Self::NotStrings
                | Self::TwoArguments(_)
                | Self::NoEquals(_)
                | Self::EscapeToken(_)
                | Self::DirectiveTwice(_)
                | Self::CheckOption(_)
                | Self::Unterminated
                | Self::Heredoc(_)
        )
    }

    /// The classic builder's words.
    #[must_use]
    pub fn classic(&self) -> String {
        match self {
            Self::Unknown { name, hint } => {
                let name = name.to_uppercase();
                let hint = hint.as_ref().map(|hint| hint.to_uppercase());
                let hint = hint.filter(|hint| is_slip(&name, hint));
                format!("unknown instruction: {name}{}", question(hint.as_deref()))
            }
            Self::InHeredoc(name) => format!(
                "unknown instruction: {} (here-documents require BuildKit)",
                name.to_uppercase()
            ),
            Self::UnknownFlag { name, .. } => format!("Unknown flag: {name}"),
            Self::DuplicateFlag(name) => format!("Duplicate flag specified: {name}"),
            Self::FlagValue(name) => format!("Missing a value on flag: {name}"),
            Self::FewRetries(count) => format!("--retries must be at least 1 (not {count})"),
            other => other.to_string(),
        }
    }
}

/// For a short word two edits are too many, unless its letters are only in another order.
fn is_slip(name: &str, hint: &str) -> bool {
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    distance(name, hint) * 2 < hint.len() || letters(name) == letters(hint)
}
