//! What a command is: its words, its flags, and what it does.

use std::{future::Future, pin::Pin};

use clap::{ArgMatches, Args, Command as Flags};

use crate::{docker::Docker, error::CliError, flags};

/// What the process ends with when a command ends well.
pub type Exit = i32;

/// How many arguments a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// None.
    None,
    /// This many.
    Exactly(usize),
    /// This many or more.
    AtLeast(usize),
    /// This many or fewer.
    AtMost(usize),
    /// This many, and a mistake is told without the usage.
    Plainly(usize),
    /// From the first to the second.
    Between(usize, usize),
}

impl Arity {
    /// Docker's words when `count` arguments are wrong, and whether they go on with "Run" or "See".
    #[must_use]
    pub fn complaint(self, count: usize) -> Option<(String, &'static str)> {
        let arguments = |n: usize| if n == 1 { "argument" } else { "arguments" };
        match self {
            Self::None if count > 0 => Some(("accepts no arguments".into(), "Run")),
            Self::Exactly(n) if count != n => {
                Some((format!("requires {n} {}", arguments(n)), "Run"))
            }
            Self::AtLeast(n) if count < n => {
                Some((format!("requires at least {n} {}", arguments(n)), "See"))
            }
            // A slip of the pen in Docker 28.
            Self::AtMost(n) if count > n => {
                Some((format!("requires at most {n} {}", arguments(n)), "SRun"))
            }
            Self::Between(low, high) if count < low || count > high => Some((
                format!(
                    "requires at least {low} and at most {high} {}",
                    arguments(high)
                ),
                "Run",
            )),
            _ => None,
        }
    }
}

/// What help and completion say about a command.
#[derive(Debug)]
pub struct Words {
    /// Every way to name it after `docker`; the first is the usual one.
    pub spellings: &'static [&'static str],
    /// One line.
    pub about: &'static str,
    /// What follows the name in the usage line: `[OPTIONS] CONTAINER`.
    pub usage: &'static str,
    /// How many arguments it takes.
    pub arity: Arity,
    /// What its arguments name, for completion.
    pub names: Names,
}

impl Words {
    /// The usage line after the name, with a space before it if there is one.
    #[must_use]
    pub fn usage_tail(&self) -> String {
        if self.usage.is_empty() {
            String::new()
        } else {
            format!(" {}", self.usage)
        }
    }
}

/// What a command's arguments name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Nothing that the engine knows.
    Nothing,
    /// Any container.
    Containers,
    /// Running containers.
    Running,
    /// Containers that do not run.
    Stopped,
    /// Images.
    Images,
    /// Containers, images, volumes, networks.
    Anything,
    /// Volumes.
    Volumes,
    /// Networks.
    Networks,
    /// Files of the workstation.
    Files,
}

/// A command of `docker`: the parsed flags are `Self`.
pub trait Command: Args + Sized {
    /// How it is named and explained.
    const WORDS: Words;

    /// The arguments that are not flags.
    fn arguments(&self) -> &[String];

    /// Does it.
    fn run(self, docker: Docker) -> impl Future<Output = Result<Exit, CliError>>;
}

type Running = Pin<Box<dyn Future<Output = Result<Exit, CliError>>>>;

/// A command as the table of commands holds it.
#[derive(Debug)]
pub struct Entry {
    /// How it is named and explained.
    pub words: &'static Words,
    /// Its flags; built only when the command is used.
    pub flags: fn() -> Flags,
    parse: fn(&ArgMatches, &str) -> Result<Parsed, CliError>,
}

/// A command whose flags and arguments were found good.
pub struct Parsed(Box<dyn FnOnce(Docker) -> Running>);

impl Parsed {
    /// Does it.
    pub fn run(self, docker: Docker) -> Running {
        (self.0)(docker)
    }
}

/// The table's entry of a command.
pub const fn entry<C: Command + 'static>() -> Entry {
    Entry {
        words: &C::WORDS,
        flags: flags_of::<C>,
        parse: parse::<C>,
    }
}

fn flags_of<C: Command>() -> Flags {
    flags::pflag_rules(C::augment_args(
        Flags::new(C::WORDS.spellings[0]).no_binary_name(true),
    ))
}

fn parse<C: Command + 'static>(matches: &ArgMatches, called: &str) -> Result<Parsed, CliError> {
    let command =
        C::from_arg_matches(matches).map_err(|error| CliError::failed(error.to_string()))?;
    let count = command.arguments().len();
    if let Arity::Plainly(wanted) = C::WORDS.arity
        && count != wanted
    {
        return Err(CliError::failed(format!(
            "accepts {wanted} arg(s), received {count}"
        )));
    }
    if let Some((message, see)) = C::WORDS.arity.complaint(count) {
        let usage = format!("{called}{}", C::WORDS.usage_tail());
        return Err(CliError::Arguments {
            command: called.into(),
            usage,
            message,
            see,
        });
    }
    let by_name = matches!(
        C::WORDS.names,
        Names::Containers | Names::Running | Names::Stopped
    );
    if by_name && command.arguments().first().is_some_and(String::is_empty) {
        return Err(CliError::failed(match C::WORDS.spellings[0] {
            "rm" => "container name cannot be empty",
            "start" => {
                "invalid container name or ID: value is empty\nError: failed to start containers: "
            }
            _ => "invalid container name or ID: value is empty",
        }));
    }
    let called = called.to_owned();
    Ok(Parsed(Box::new(move |docker| {
        Box::pin(async move { command.run(docker).await.map_err(|error| error.of(&called)) })
    })))
}

/// What typed words ask of a command.
pub enum Asked {
    /// To do its work.
    Work(Parsed),
    /// To explain itself; the text.
    Help(String),
    /// The same, asked for by `-h`, which is deprecated.
    ShortHelp(String),
}

impl Entry {
    /// Reads what was typed after the command's name; `called` is that name with `docker` before it.
    ///
    /// # Errors
    /// In pflag's words.
    pub fn read(&self, called: &str, typed: &[String], width: usize) -> Result<Asked, CliError> {
        let flags = (self.flags)();
        let matches = match flags.clone().try_get_matches_from(typed) {
            Ok(matches) => matches,
            Err(error) => {
                let message = flags::mistakes::words(&error, &flags, typed);
                let usage = format!("{called}{}", self.words.usage_tail());
                return Err(CliError::Flag {
                    command: called.into(),
                    usage,
                    message,
                });
            }
        };
        let text = || flags::help::command(self.words, called, &flags, width);
        if flags::asks_for_short_help(&matches) {
            return Ok(Asked::ShortHelp(text()));
        }
        if matches.get_one("help") == Some(&true) {
            return Ok(Asked::Help(text()));
        }
        (self.parse)(&matches, called).map(Asked::Work)
    }
}
