//! `docker` itself: global flags, and finding the command.
//!
//! - [`endpoint`]: which engine is spoken to.

use std::ffi::OsString;

use clap::{Args, FromArgMatches};

pub mod endpoint;

use crate::{
    command::{Asked, Entry, Parsed},
    commands::{self, summary},
    docker::Docker,
    error::CliError,
    flags, tty,
};

/// Flags that stand before the command.
#[derive(Debug, Args)]
pub struct Global {
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
    host: Vec<String>,
    /// Set the logging level ("debug", "info", "warn", "error", "fatal") (default "info")
    #[arg(short, long, value_name = "string")]
    log_level: Option<String>,
    /// Use TLS; implied by --tlsverify
    #[arg(long)]
    tls: bool,
    /// Trust certs signed only by this CA (default "~/.docker/ca.pem")
    #[arg(long, value_name = "string")]
    tlscacert: Option<String>,
    /// Path to TLS certificate file (default "~/.docker/cert.pem")
    #[arg(long, value_name = "string")]
    tlscert: Option<String>,
    /// Path to TLS key file (default "~/.docker/key.pem")
    #[arg(long, value_name = "string")]
    tlskey: Option<String>,
    /// Use TLS and verify the remote
    #[arg(long)]
    tlsverify: bool,
    /// Print version information and quit
    #[arg(short, long)]
    version: bool,
    #[arg(short = 'h', hide = true)]
    short_help: bool,
    #[arg(trailing_var_arg = true)]
    rest: Vec<String>,
}

impl Global {
    fn uses_tls(&self) -> bool {
        self.tls || self.tlsverify
    }
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

/// What pflag prints before the help that `-h` asks for.
const DEPRECATED_H: &str = "Flag shorthand -h has been deprecated, use --help\n";

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
    let help = matches.get_one("help") == Some(&true) || global.short_help;
    let words: Vec<&str> = global.rest.iter().map(String::as_str).collect();
    let own_help = || summary::root(&flags, tty::columns());
    match words.as_slice() {
        ["__complete", rest @ ..] => Ok(Plan::Complete(
            rest.iter().map(ToString::to_string).collect(),
            endpoint::resolve(&global)?,
        )),
        [] if global.version => Ok(Plan::Say(version_line(), 0)),
        [] if global.short_help => {
            tty::Output::Stderr.write(DEPRECATED_H.as_bytes())?;
            Ok(Plan::Say(own_help(), 0))
        }
        [] if help => Ok(Plan::Say(own_help(), 0)),
        [] => Ok(Plan::Hint(own_help())),
        ["help"] => Ok(Plan::Say(own_help(), 0)),
        ["help", topic @ ..] => explain(topic),
        topic if help => Ok(explain(topic).unwrap_or_else(|_| Plan::Say(own_help(), 0))),
        _ => dispatch(&global, &words),
    }
}

fn version_line() -> String {
    format!("Docker version {}, build drydock\n", drydock_api::VERSION)
}

fn dispatch(global: &Global, words: &[&str]) -> Result<Plan, CliError> {
    if let Some((entry, called, rest)) = find(words)? {
        let typed: Vec<String> = rest.iter().map(ToString::to_string).collect();
        return match entry.read(&called, &typed, tty::columns())? {
            Asked::Help(text) => Ok(Plan::Say(text, 0)),
            Asked::ShortHelp(text) => Ok(Plan::Say(format!("{DEPRECATED_H}{text}"), 0)),
            Asked::Work(parsed) if words[0] == "context" => {
                Ok(Plan::Work(parsed, endpoint::unasked(global)?))
            }
            Asked::Work(parsed) => Ok(Plan::Work(parsed, endpoint::resolve(global)?)),
        };
    }
    let group = words[0];
    if !commands::is_group(group) {
        return Err(summary::unknown(&[group]));
    }
    let help = || summary::group(group);
    match words.get(1).copied() {
        None => Ok(Plan::Hint(help())),
        Some("--help") => Ok(Plan::Say(help(), 0)),
        Some("-h") => Ok(Plan::Say(format!("{DEPRECATED_H}{}", help()), 0)),
        Some(flag) if flag.starts_with('-') => Err(CliError::Flag {
            command: format!("docker {group}"),
            usage: format!("docker {group}"),
            message: flags::mistakes::unknown_flag(flag),
        }),
        Some(unknown) => Err(summary::unknown(&[group, unknown])),
    }
}

type Found<'a, 'w> = (&'static Entry, String, &'a [&'w str]);

/// The command that `words` begin with, its name as typed, and what follows.
fn find<'a, 'w>(words: &'a [&'w str]) -> Result<Option<Found<'a, 'w>>, CliError> {
    if words.len() > 1 {
        let name = format!("{} {}", words[0], words[1]);
        if let Some(entry) = commands::find(&name)? {
            return Ok(Some((entry, format!("docker {name}"), &words[2..])));
        }
    }
    let Some(first) = words.first() else {
        return Ok(None);
    };
    let entry = commands::find(first)?;
    Ok(entry.map(|entry| (entry, format!("docker {first}"), &words[1..])))
}

fn explain(topic: &[&str]) -> Result<Plan, CliError> {
    if let Some((entry, called, _)) = find(topic)? {
        let flags = (entry.flags)();
        return Ok(Plan::Say(
            flags::help::command(entry.words, &called, &flags, tty::columns()),
            0,
        ));
    }
    if commands::is_group(topic[0]) && topic.len() == 1 {
        return Ok(Plan::Say(summary::group(topic[0]), 0));
    }
    Err(CliError::failed(format!(
        "unknown help topic: {}",
        topic.last().unwrap_or(&"")
    )))
}
