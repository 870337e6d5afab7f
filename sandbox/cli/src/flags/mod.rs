//! Flags as pflag, Docker's flag library, reads them and explains them.
//!
//! - [`pflag_rules`]: clap made to accept what pflag accepts: `--rm=false`, `-it`, the last of several wins.
//! - [`help`]: the help text.
//! - [`mistakes`]: clap's errors in pflag's words.
//! - [`values`]: parsers of numbers and booleans with Go's error words.

pub mod help;
pub mod mistakes;
pub mod values;

use clap::{ArgAction, Command};

/// What `--format` accepts, on commands that print lists.
pub const LIST_FORMAT: &str = "Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates";

/// What `--format` accepts, on commands that print documents.
pub const DOCUMENT_FORMAT: &str = "Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates";

const SHORT_HELP: &str = "short-help";

/// Whether `-h` was typed where it means nothing else.
#[must_use]
pub fn asks_for_short_help(matches: &clap::ArgMatches) -> bool {
    matches!(matches.try_get_one(SHORT_HELP), Ok(Some(true)))
}

/// Makes `command` read its flags as pflag does, and gives it `--help`.
#[must_use]
pub fn pflag_rules(command: Command) -> Command {
    // Docker lists it only where `-h` means something else.
    let listed = command
        .get_arguments()
        .any(|arg| arg.get_short() == Some('h') && !arg.is_hide_set());
    let help = clap::Arg::new("help")
        .long("help")
        .help("Print usage")
        .action(ArgAction::SetTrue)
        .hide(!listed);
    let command = if command
        .get_arguments()
        .any(|arg| arg.get_short() == Some('h'))
    {
        command
    } else {
        let short = clap::Arg::new(SHORT_HELP)
            .short('h')
            .hide(true)
            .action(ArgAction::SetTrue);
        command.arg(short)
    };
    command
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(help)
        .mut_args(|arg| match arg.get_action() {
            _ if arg.is_positional() => arg,
            // A switch takes a value only after "=".
            ArgAction::SetTrue | ArgAction::SetFalse => {
                let default = arg
                    .get_default_values()
                    .first()
                    .map_or("false".into(), ToOwned::to_owned);
                arg.action(ArgAction::Set)
                    .num_args(0..=1)
                    .require_equals(true)
                    .value_parser(values::boolean)
                    .default_missing_value("true")
                    .default_value(default)
            }
            _ => arg.allow_hyphen_values(true),
        })
}
