//! The typed instructions.

use std::time::Duration;

use crate::{copy::Copy, run::Run};

/// One instruction as written, its variables not yet expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// `RUN`.
    Run(Run),
    /// `CMD`.
    Cmd(Command),
    /// `ENTRYPOINT`.
    Entrypoint(Command),
    /// `COPY`.
    Copy(Copy),
    /// `ADD`.
    Add(Copy),
    /// `WORKDIR`.
    Workdir(String),
    /// `ENV`.
    Env(Vec<(String, String)>),
    /// `ARG`; a name without value takes it from the build's arguments.
    Arg(Vec<(String, Option<String>)>),
    /// `LABEL`.
    Label(Vec<(String, String)>),
    /// `EXPOSE`.
    Expose(Vec<String>),
    /// `USER`.
    User(String),
    /// `VOLUME`.
    Volume(Vec<String>),
    /// `STOPSIGNAL`.
    StopSignal(String),
    /// `SHELL`.
    Shell(Vec<String>),
    /// `HEALTHCHECK`; `None` is `HEALTHCHECK NONE`.
    Healthcheck(Option<Healthcheck>),
    /// `MAINTAINER`.
    Maintainer(String),
    /// `ONBUILD`, with the instruction it keeps for later and that one's here-documents.
    OnBuild(String),
}

/// What RUN, CMD and ENTRYPOINT hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A line for the shell.
    Shell(String),
    /// A JSON array: the program and its arguments.
    Exec(Vec<String>),
}

impl Command {
    /// The argument vector, with `shell` before a shell form's line.
    #[must_use]
    pub fn argv(&self, shell: &[String]) -> Vec<String> {
        match self {
            Self::Exec(argv) => argv.clone(),
            Self::Shell(line) if line.is_empty() => shell.to_vec(),
            Self::Shell(line) => shell.iter().chain([line]).cloned().collect(),
        }
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Shell(line) => line.is_empty(),
            Self::Exec(argv) => argv.is_empty(),
        }
    }
}

/// What HEALTHCHECK holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healthcheck {
    /// The probe.
    pub command: Command,
    /// Time between probes; zero is the default.
    pub interval: Duration,
    /// How long a probe may take; zero is the default.
    pub timeout: Duration,
    /// How long failures do not count at the start; zero is the default.
    pub start_period: Duration,
    /// Time between probes during the start period; zero is the default.
    pub start_interval: Duration,
    /// Failures in a row until unhealthy; zero is the default.
    pub retries: u32,
}

impl Healthcheck {
    /// The probe as an image's config holds it.
    #[must_use]
    pub fn test(&self) -> Vec<String> {
        match &self.command {
            Command::Shell(line) => vec!["CMD-SHELL".into(), line.clone()],
            Command::Exec(argv) => std::iter::once("CMD".into())
                .chain(argv.iter().cloned())
                .collect(),
        }
    }
}

impl Instruction {
    /// How many names it gives values.
    pub(crate) fn pairs(&self) -> usize {
        match self {
            Self::Env(pairs) | Self::Label(pairs) => pairs.len(),
            Self::Arg(args) => args.len(),
            _ => 0,
        }
    }

    /// Its name in upper case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "RUN",
            Self::Cmd(_) => "CMD",
            Self::Entrypoint(_) => "ENTRYPOINT",
            Self::Copy(_) => "COPY",
            Self::Add(_) => "ADD",
            Self::Workdir(_) => "WORKDIR",
            Self::Env(_) => "ENV",
            Self::Arg(_) => "ARG",
            Self::Label(_) => "LABEL",
            Self::Expose(_) => "EXPOSE",
            Self::User(_) => "USER",
            Self::Volume(_) => "VOLUME",
            Self::StopSignal(_) => "STOPSIGNAL",
            Self::Shell(_) => "SHELL",
            Self::Healthcheck(_) => "HEALTHCHECK",
            Self::Maintainer(_) => "MAINTAINER",
            Self::OnBuild(_) => "ONBUILD",
        }
    }
}
