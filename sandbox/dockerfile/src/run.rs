//! What RUN holds.

use crate::{
    heredoc::{self, Heredoc},
    instruction::Command,
    mount::Mount,
};

/// What RUN holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The command as written, without its flags and here-documents.
    pub command: Command,
    /// In the order in which they are announced.
    pub heredocs: Vec<Heredoc>,
    /// `--mount`. Before [`crate::Instruction::resolve`] only what holds no variable is known, and nothing is refused.
    pub mounts: Vec<Mount>,
    /// The values of `--mount` as written.
    pub mount_texts: Vec<String>,
    /// `--network`.
    pub network: RunNetwork,
    /// `--security`.
    pub security: RunSecurity,
    /// `--device`, each time it is given.
    pub devices: Vec<String>,
}

/// Which network a command sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunNetwork {
    /// The build's.
    #[default]
    Default,
    /// None but its own loopback interface.
    None,
    /// The host's.
    Host,
}

/// How much a command may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunSecurity {
    /// What every command may.
    #[default]
    Sandbox,
    /// Everything.
    Insecure,
}

/// What a RUN executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// A script for which a here-document is the whole command: an executable file below `/dev/pipes/`.
    pub script: Option<Script>,
}

/// A file that exists only while a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// `/dev/pipes/NAME`.
    pub path: String,
    /// Begins with `#!`.
    pub content: String,
}

impl Run {
    /// A command without flags.
    #[must_use]
    pub fn new(command: Command) -> Self {
        Self {
            command,
            heredocs: Vec::new(),
            mounts: Vec::new(),
            mount_texts: Vec::new(),
            network: RunNetwork::Default,
            security: RunSecurity::Sandbox,
            devices: Vec::new(),
        }
    }

    /// The here-document that is the whole command.
    #[must_use]
    pub fn inline(&self) -> Option<&Heredoc> {
        match &self.command {
            Command::Shell(line) if heredoc::is_one(line) => self.heredocs.first(),
            _ => None,
        }
    }

    /// What is executed. A here-document that is the whole command is run by `shell`, or as a program of its own when it
    /// begins with `#!`; other ones go to the shell as they are written.
    #[must_use]
    pub fn invocation(&self, shell: &[String]) -> Invocation {
        let by_shell = |line: String| Invocation {
            argv: shell.iter().cloned().chain([line]).collect(),
            script: None,
        };
        match (self.inline(), &self.command) {
            (Some(doc), _) if doc.content.starts_with("#!") => {
                let path = format!("/dev/pipes/{}", doc.name);
                Invocation {
                    argv: Command::Shell(path.clone()).argv(shell),
                    script: Some(Script {
                        path,
                        content: doc.text().into_owned(),
                    }),
                }
            }
            (Some(doc), _) => by_shell(doc.text().into_owned()),
            (None, Command::Shell(line)) if !self.heredocs.is_empty() => {
                let mut whole = line.clone();
                for doc in &self.heredocs {
                    whole.push('\n');
                    whole.push_str(&doc.content);
                    whole.push_str(&doc.name);
                }
                by_shell(whole)
            }
            (None, Command::Shell(line)) => by_shell(line.clone()),
            (None, Command::Exec(argv)) => Invocation {
                argv: argv.clone(),
                script: None,
            },
        }
    }

    /// Whether the command has flags that only BuildKit knows; the name of the first.
    #[must_use]
    pub fn first_flag(&self) -> Option<&'static str> {
        (!self.mount_texts.is_empty()).then_some("mount")
    }
}
