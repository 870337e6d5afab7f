//! `--name=value` before an instruction's arguments.

use crate::{error::Problem, hint};

/// `--name` or `--name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flag {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

impl Flag {
    pub(crate) fn parse(word: &str) -> Self {
        let word = word.strip_prefix("--").unwrap_or(word);
        match word.split_once('=') {
            Some((name, value)) => Self {
                name: name.to_owned(),
                value: Some(value.to_owned()),
            },
            None => Self {
                name: word.to_owned(),
                value: None,
            },
        }
    }
}

/// How a flag is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Once, with a value.
    Text,
    /// Once, with `=true`, `=false` or neither.
    Switch,
    /// Any number of times, with a value.
    Many,
}

/// The flags of one instruction, each of which it has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags(Vec<(&'static str, String)>);

impl Flags {
    /// Checks what was written against what the instruction has.
    pub(crate) fn check(
        written: Vec<Flag>,
        known: &[(&'static str, Kind)],
    ) -> Result<Self, Problem> {
        let mut flags = Self::default();
        for Flag { name, value } in written {
            let Some(&(known_name, kind)) = known.iter().find(|(known, _)| *known == name) else {
                let names = known.iter().map(|(known, _)| *known);
                let hint = hint::nearest(&name, names).map(str::to_owned);
                return Err(Problem::UnknownFlag { name, hint });
            };
            if kind != Kind::Many && flags.text(known_name).is_some() {
                return Err(Problem::DuplicateFlag(name));
            }
            let value = match (kind, value) {
                (Kind::Switch, None) => "true".to_owned(),
                (Kind::Switch, Some(value)) => match value.to_ascii_lowercase().as_str() {
                    "" => return Err(Problem::FlagValue(name)),
                    lower @ ("true" | "false") => lower.to_owned(),
                    _ => return Err(Problem::FlagSwitch { name, value }),
                },
                (_, value) => value.ok_or(Problem::FlagValue(name))?,
            };
            flags.0.push((known_name, value));
        }
        Ok(flags)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.all(name).pop()
    }

    /// As [`Self::text`], where an empty value is as good as none.
    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        self.text(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        self.text(name).map(|value| value == "true")
    }

    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(known, _)| *known == name);
        named.map(|(_, value)| value.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[(&str, Kind)] = &[
        ("from", Kind::Text),
        ("link", Kind::Switch),
        ("exclude", Kind::Many),
    ];

    fn check(words: &[&str]) -> Result<Flags, String> {
        let flags = words.iter().map(|word| Flag::parse(word)).collect();
        Flags::check(flags, KNOWN).map_err(|problem| problem.to_string())
    }

    #[test]
    fn flags_are_taken_by_their_kind() {
        let flags = check(&["--link", "--exclude=a", "--from=", "--exclude=b"]).unwrap();
        assert_eq!(flags.switch("link"), Some(true));
        assert_eq!(flags.all("exclude"), ["a", "b"]);
        assert_eq!(
            (flags.text("from").as_deref(), flags.filled("from")),
            (Some(""), None)
        );
        assert_eq!(
            check(&["--link=FALSE"]).unwrap().switch("link"),
            Some(false)
        );
    }

    #[test]
    fn wrong_flags_are_refused_in_buildkits_words() {
        for (words, message) in [
            (
                &["--form=a"][..],
                "unknown flag: --form (did you mean from?)",
            ),
            (&["--zzzzz"], "unknown flag: --zzzzz"),
            (
                &["--from=a", "--from=b"],
                "duplicate flag specified: --from",
            ),
            (&["--from"], "missing a value on flag: --from"),
            (&["--link="], "missing a value on flag: --link"),
            (
                &["--link=x"],
                "expecting boolean value for flag --link, not: x",
            ),
        ] {
            assert_eq!(check(words).unwrap_err(), message);
        }
    }
}
