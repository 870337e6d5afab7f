//! What can be wrong with a Dockerfile, in Docker's words.

/// A Dockerfile that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No byte in it.
    #[error("the Dockerfile ({0}) cannot be empty")]
    Empty(String),
    /// Only blank lines and comments.
    #[error("failed to parse Dockerfile: file with no instructions")]
    NoInstructions,
    /// Over [`crate::MAX_BYTES`].
    #[error("failed to parse Dockerfile: larger than {} bytes", crate::MAX_BYTES)]
    TooLarge,
    /// Something before the first FROM that needs a stage.
    #[error(
        "dockerfile parse error line {line}: no build stage in current context: {instruction} before the first FROM"
    )]
    NoStage {
        /// Where it stands, from 1.
        line: usize,
        /// The instruction's name.
        instruction: &'static str,
    },
    /// `--target` names no stage.
    #[error("failed to reach build target {0} in Dockerfile")]
    NoTarget(String),
    /// One line is wrong.
    #[error("dockerfile parse error line {line}: {problem}")]
    Line {
        /// Where the instruction begins, from 1.
        line: usize,
        /// What is wrong with it.
        problem: Problem,
    },
}

impl ParseError {
    pub(crate) fn at(line: usize) -> impl FnOnce(Problem) -> Self {
        move |problem| Self::Line { line, problem }
    }
}

/// What is wrong with one instruction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No such instruction.
    #[error("unknown instruction: {name}{}", hint.as_deref().unwrap_or_default())]
    Unknown {
        /// As written, in upper case.
        name: String,
        /// ` (did you mean RUN?)`, where something is near.
        hint: Option<String>,
    },
    /// A part of the language that is not built here.
    #[error("{0} is not supported here")]
    Unsupported(String),
    /// The number of arguments.
    #[error("{instruction} requires {wanted}")]
    Arguments {
        /// The instruction's name.
        instruction: &'static str,
        /// "at least one argument" and the like.
        wanted: &'static str,
    },
    /// A flag the instruction does not have.
    #[error("Unknown flag: {0}")]
    UnknownFlag(String),
    /// A flag twice.
    #[error("Duplicate flag specified: {0}")]
    DuplicateFlag(String),
    /// `--chown` without `=`.
    #[error("Missing a value on flag: {0}")]
    FlagValue(String),
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
    /// Not a duration as Go writes them.
    #[error("time: invalid duration {0:?}")]
    Duration(String),
    /// A duration below a millisecond.
    #[error("Interval {0:?} cannot be less than 1ms")]
    ShortInterval(String),
    /// `--retries=x`.
    #[error("strconv.ParseInt: parsing {0:?}: invalid syntax")]
    Retries(String),
    /// `--retries=0`.
    #[error("--retries must be at least 1 (not {0})")]
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
}
