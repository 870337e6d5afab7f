//! `docker` itself: global flags, and finding the command.

use std::ffi::OsString;

use clap::{Args, FromArgMatches};

use crate::{
    command::{Asked, Entry, Parsed},
    commands::{self, summary},
    docker::{DEFAULT_HOST, Docker},
    error::CliError,
    flags, tty,
};

/// Flags that stand before the command.
#[derive(Debug, Args)]
struct Global {
    /// Location of client config files (default "~/.docker")
    #[arg(long, value_name = "string")]
    config: Option<String>,
    /// Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with "docker context use")
    #[arg(short, long, value_name = "string")]
    context: Option<String>,
    /// Enable debug mode
    #[arg(short = 'D', long)]
    debug: bool,
    /// Daemon socket to connect to
    #[arg(short = 'H', long, value_name = "list")]
    host: Option<String>,
    /// Set the logging level ("debug", "info", "warn", "error", "fatal") (default "info")
    #[arg(short, long, value_name = "string")]
    log_level: Option<String>,
    /// Print version information and quit
    #[arg(short, long)]
    version: bool,
    #[arg(short = 'h', hide = true)]
    short_help: bool,
    #[arg(trailing_var_arg = true)]
    rest: Vec<String>,
}

/// What is to be done, before anything is done.
pub enum Plan {
    /// Print this and end with that.
    Say(String, i32),
    /// Print this on stderr: something is missing, but nothing is wrong.
    Hint(String),
    /// Run a command against an engine.
    Work(Parsed, Docker),
    /// Complete a command line.
    Complete(Vec<String>, Docker),
}

/// Reads the command line; nothing is opened yet.
///
/// # Errors
/// In the words of Docker's command line.
pub fn plan(args: Vec<OsString>) -> Result<Plan, CliError> {
    let typed: Vec<String> = args
        .into_iter()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let flags = flags::pflag_rules(Global::augment_args(
        clap::Command::new("docker").no_binary_name(true),
    ));
    let wrong = |message| CliError::Flag {
        command: "docker".into(),
        usage: "docker [OPTIONS] COMMAND [ARG...]".into(),
        message,
    };
    let matches = flags
        .clone()
        .try_get_matches_from(&typed)
        .map_err(|error| wrong(flags::mistakes::words(&error, &flags, &typed)))?;
    let global = Global::from_arg_matches(&matches).map_err(|error| wrong(error.to_string()))?;
    if global.version {
        return Ok(Plan::Say(version_line(), 0));
    }
    let help = matches.get_one("help") == Some(&true) || global.short_help;
    let words: Vec<&str> = global.rest.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["__complete", rest @ ..] => Ok(Plan::Complete(
            rest.iter().map(ToString::to_string).collect(),
            docker(&global)?,
        )),
        [] => Ok(Plan::Say(summary::root(&flags, tty::columns()), 0)),
        ["help"] => Ok(Plan::Say(summary::root(&flags, tty::columns()), 0)),
        ["help", topic @ ..] => explain(topic),
        _ if help => explain(&words),
        _ => dispatch(&global, &words),
    }
}

fn version_line() -> String {
    format!("Docker version {}, build drydock\n", drydock_api::VERSION)
}

fn docker(global: &Global) -> Result<Docker, CliError> {
    let from_env = || {
        std::env::var("DOCKER_HOST")
            .ok()
            .filter(|host| !host.is_empty())
    };
    let host = global.host.clone().or_else(from_env);
    Docker::new(host.as_deref().unwrap_or(DEFAULT_HOST))
}

fn dispatch(global: &Global, words: &[&str]) -> Result<Plan, CliError> {
    if let Some((entry, called, rest)) = find(words) {
        let typed: Vec<String> = rest.iter().map(ToString::to_string).collect();
        return match entry.read(&called, &typed, tty::columns())? {
            Asked::Help(text) => Ok(Plan::Say(text, 0)),
            Asked::Work(parsed) => Ok(Plan::Work(parsed, docker(global)?)),
        };
    }
    let group = words[0];
    if commands::is_group(group) {
        return match words.get(1) {
            None => Ok(Plan::Hint(summary::group(group))),
            Some(&"--help" | &"-h") => Ok(Plan::Say(summary::group(group), 0)),
            Some(flag) if flag.starts_with('-') => Err(CliError::Flag {
                command: format!("docker {group}"),
                usage: format!("docker {group} COMMAND"),
                message: format!("unknown flag: {flag}"),
            }),
            Some(unknown) => Err(summary::unknown(&[group, unknown])),
        };
    }
    Err(summary::unknown(&[group]))
}

/// The command that `words` begin with, its name as typed, and what follows.
fn find<'a, 'w>(words: &'a [&'w str]) -> Option<(&'static Entry, String, &'a [&'w str])> {
    let by_name = |name: &str| {
        commands::COMMANDS
            .iter()
            .find(|entry| entry.words.spellings.contains(&name))
    };
    if words.len() > 1 {
        let name = format!("{} {}", words[0], words[1]);
        if let Some(entry) = by_name(&name) {
            return Some((entry, format!("docker {name}"), &words[2..]));
        }
    }
    let entry = by_name(words.first()?)?;
    Some((entry, format!("docker {}", words[0]), &words[1..]))
}

fn explain(topic: &[&str]) -> Result<Plan, CliError> {
    if let Some((entry, called, _)) = find(topic) {
        let flags = (entry.flags)();
        return Ok(Plan::Say(
            flags::help::command(entry.words, &called, &flags, tty::columns()),
            0,
        ));
    }
    if commands::is_group(topic[0]) {
        return Ok(Plan::Say(summary::group(topic[0]), 0));
    }
    Err(CliError::failed(format!(
        "unknown help topic: {}",
        topic.join(" ")
    )))
}
