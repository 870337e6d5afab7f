//! What clap finds wrong, in pflag's words.

use clap::{
    Arg, Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::text::quote::quote;

/// One line that says what is wrong with the flags in `typed`.
#[must_use]
pub fn words(error: &clap::Error, flags: &Command, typed: &[String]) -> String {
    let named = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(&named, typed),
        ErrorKind::InvalidValue
        | ErrorKind::NoEquals
        | ErrorKind::WrongNumberOfValues
        | ErrorKind::TooFewValues
            if value.is_empty() =>
        {
            match typed.last().and_then(|last| cluster_flag(last)) {
                Some(short) => format!("flag needs an argument: '{short}' in -{short}"),
                None => format!("flag needs an argument: {}", first_word(&named)),
            }
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let reason = std::error::Error::source(error)
                .map(ToString::to_string)
                .unwrap_or_default();
            format!(
                "invalid argument {} for \"{}\" flag: {reason}",
                quote(&value),
                both_names(flags, &named)
            )
        }
        _ => error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned(),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.first().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

fn first_word(text: &str) -> &str {
    text.split([' ', '=', '[']).next().unwrap_or(text)
}

/// What is said of a flag that nothing knows.
#[must_use]
pub fn unknown_flag(typed: &str) -> String {
    unknown(typed, &[typed.to_owned()])
}

fn unknown(named: &str, typed: &[String]) -> String {
    let bad = |word: &&String| word.starts_with("---") || word.starts_with("--=");
    if let Some(word) = typed.iter().find(bad) {
        return format!("bad flag syntax: {word}");
    }
    if let Some(word) = typed.iter().find(|word| word.starts_with("-=")) {
        return format!("unknown shorthand flag: '=' in {word}");
    }
    let named = first_word(named);
    if named.starts_with("--") {
        return format!("unknown flag: {named}");
    }
    let letter = named.trim_start_matches('-').chars().next().unwrap_or('-');
    let cluster = typed
        .iter()
        .filter(|word| word.starts_with('-') && !word.starts_with("--"))
        .find_map(|word| word.find(letter).map(|at| &word[at..]))
        .unwrap_or(named.trim_start_matches('-'));
    format!("unknown shorthand flag: '{letter}' in -{cluster}")
}

/// The last letter of `-abc`.
fn cluster_flag(word: &str) -> Option<char> {
    (word.starts_with('-') && !word.starts_with("--"))
        .then(|| word.chars().last())
        .flatten()
}

/// `-m, --memory`, whichever of the two was typed.
fn both_names(flags: &Command, named: &str) -> String {
    let typed = first_word(named);
    let is_it = |arg: &&Arg| {
        arg.get_long()
            .is_some_and(|long| typed.strip_prefix("--") == Some(long))
            || arg
                .get_short()
                .is_some_and(|short| typed == format!("-{short}"))
    };
    match flags
        .get_arguments()
        .find(is_it)
        .map(|arg| (arg.get_short(), arg.get_long()))
    {
        Some((Some(short), Some(long))) => format!("-{short}, --{long}"),
        Some((None, Some(long))) => format!("--{long}"),
        _ => typed.to_owned(),
    }
}
