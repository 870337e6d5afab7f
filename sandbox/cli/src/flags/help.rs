//! Help texts, laid out as Docker lays them out.

use clap::{Arg, Command};

use crate::command::Words;

/// The whole help text of one command, by the name it was called.
#[must_use]
pub fn command(words: &Words, called: &str, flags: &Command, width: usize) -> String {
    let mut out = format!(
        "Usage:  {called}{}\n\n{}\n",
        words.usage_tail(),
        words.about
    );
    if words.spellings.len() > 1 {
        let mut names: Vec<&str> = words.spellings.to_vec();
        // Docker lists the grouped spellings first.
        names.sort_by_key(|name| {
            if name.starts_with("builder ") {
                2
            } else {
                u8::from(!name.contains(' '))
            }
        });
        let names: Vec<String> = names.iter().map(|name| format!("docker {name}")).collect();
        out.push_str(&format!("\nAliases:\n  {}\n", names.join(", ")));
    }
    let options = options(flags, width);
    if !options.is_empty() {
        out.push_str("\nOptions:\n");
        out.push_str(&options);
    }
    out
}

/// The flags of a command, one paragraph each, sorted by name.
#[must_use]
pub fn options(flags: &Command, width: usize) -> String {
    let mut args: Vec<&Arg> = flags
        .get_arguments()
        .filter(|a| !a.is_positional() && !a.is_hide_set())
        .collect();
    args.sort_by_key(|arg| arg.get_long().unwrap_or_default());
    let heads: Vec<String> = args.iter().map(|arg| head(arg)).collect();
    let column = heads.iter().map(String::len).max().unwrap_or(0) + 3;
    let mut out = String::new();
    for (head, arg) in heads.iter().zip(&args) {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        out.push_str(&format!(
            "{head:column$}{}\n",
            wrap(column, width.saturating_sub(1), &help)
        ));
    }
    out
}

/// `  -e, --env list`.
fn head(arg: &Arg) -> String {
    let long = arg.get_long().unwrap_or_default();
    let mut out = match arg.get_short() {
        Some(short) => format!("  -{short}, --{long}"),
        None => format!("      --{long}"),
    };
    let is_switch =
        !arg.get_action().takes_values() || arg.get_num_args().is_some_and(|n| n.min_values() == 0);
    if let (false, Some(kind)) = (is_switch, arg.get_value_names().and_then(<[_]>::first)) {
        out.push(' ');
        out.push_str(kind);
    }
    out
}

/// Wraps as pflag does: a last word may stand five columns over the edge.
fn wrap(indent: usize, width: usize, text: &str) -> String {
    const SLOP: usize = 5;
    let indent = if width.saturating_sub(indent) < 24 {
        16
    } else {
        indent
    };
    let break_line = format!("\n{}", " ".repeat(indent));
    let room = width.saturating_sub(indent);
    if room < 24 {
        return text.replace('\n', &break_line);
    }
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, tail) = split_line(room - SLOP, SLOP, rest);
        lines.push(line.replace('\n', &break_line));
        rest = tail;
    }
    lines.join(&break_line)
}

fn split_line(room: usize, slop: usize, text: &str) -> (&str, &str) {
    if room + slop > text.len() {
        return (text, "");
    }
    let Some(window) = text.get(..room) else {
        return (text, "");
    };
    let Some(space) = window.rfind([' ', '\t', '\n']).filter(|at| *at > 0) else {
        return (text, "");
    };
    match window.rfind('\n') {
        Some(line_end) if line_end > 0 && line_end < space => {
            (&text[..line_end], &text[line_end + 1..])
        }
        _ => (&text[..space], &text[space + 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_at_the_edge_and_an_orphan_may_hang_over() {
        let text = "Add a custom host-to-IP mapping (host:ip)";
        assert_eq!(
            wrap(39, 79, text),
            format!(
                "Add a custom host-to-IP mapping\n{}(host:ip)",
                " ".repeat(39)
            )
        );
        assert_eq!(wrap(16, 79, "short"), "short");
    }
}
