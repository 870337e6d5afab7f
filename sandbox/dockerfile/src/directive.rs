//! Parser directives: `# name=value` at the very top of a file.

use crate::{
    dialect::Dialect,
    error::{ParseError, Problem},
    lines::Lines,
};

/// What `# check=` says of the build checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckDirective {
    /// `skip=`: rules that are not looked at.
    pub skip: Rules,
    /// `experimental=`: experimental rules that are looked at.
    pub experimental: Rules,
    /// `error=true`: a build with findings fails.
    pub error: bool,
}

/// Some build checks, by name, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rules {
    /// These.
    Named(Vec<String>),
    /// `all`.
    All,
}

impl Default for Rules {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

impl Rules {
    /// Whether `rule` is one of them.
    #[must_use]
    pub fn contains(&self, rule: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name.eq_ignore_ascii_case(rule)),
        }
    }

    fn parse(value: &str) -> Self {
        if value == "all" {
            return Self::All;
        }
        Self::Named(
            value
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect(),
        )
    }
}

impl CheckDirective {
    /// `skip=A,B;error=true`, as the directive and the build argument `BUILDKIT_DOCKERFILE_CHECK` write it.
    ///
    /// # Errors
    /// Something else.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mut found = Self::default();
        if text.trim().is_empty() {
            return Ok(found);
        }
        for part in text.trim().split(';') {
            let bad = || Problem::CheckOption(part.trim().to_owned());
            let (name, value) = part.split_once('=').ok_or_else(bad)?;
            let value = value.trim();
            match name.trim() {
                "skip" => found.skip = Rules::parse(value),
                "experimental" => found.experimental = Rules::parse(value),
                "error" => found.error = boolean(value).ok_or_else(bad)?,
                other => return Err(Problem::CheckOption(other.to_owned())),
            }
        }
        Ok(found)
    }
}

/// As Go reads a boolean.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The directives of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directives {
    pub(crate) escape: char,
    pub(crate) check: CheckDirective,
    /// How many lines they take.
    pub(crate) count: usize,
}

/// Reads the directives that precede everything else. BuildKit's rules: `frontend/dockerfile/parser/directives.go`.
pub(crate) fn read(text: &str, dialect: Dialect) -> Result<Directives, ParseError> {
    let mut found = Directives {
        escape: '\\',
        check: CheckDirective::default(),
        count: 0,
    };
    let mut seen = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((name, value)) = directive(line.trim_start(), "#") else {
            break;
        };
        let at = ParseError::at(Lines::one(index + 1));
        let known = match dialect {
            Dialect::BuildKit => ["syntax", "escape", "check"].as_slice(),
            Dialect::Classic => &["syntax", "escape"],
        };
        if !known.contains(&name.as_str()) {
            break;
        }
        if seen.contains(&name) {
            return Err(at(Problem::DirectiveTwice(name)));
        }
        match name.as_str() {
            "escape" => {
                found.escape = match value {
                    "\\" => '\\',
                    "`" => '`',
                    other => return Err(at(Problem::EscapeToken(other.into()))),
                };
            }
            "check" => found.check = CheckDirective::parse(value).map_err(at)?,
            _ => {}
        }
        seen.push(name);
        found.count = index + 1;
    }
    Ok(found)
}

/// The frontend that a file asks for: `# syntax=`, `// syntax=`, or a JSON object's `"syntax"`. A first line that begins
/// with `#!` is passed over.
#[must_use]
pub fn syntax(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = match text.strip_prefix("#!") {
        Some(rest) => rest.split_once('\n').map_or("", |(_, rest)| rest),
        None => text,
    };
    let commented = |mark: &str| {
        text.lines()
            .map_while(|line| directive(line, mark))
            .take_while(|(name, _)| matches!(name.as_str(), "syntax" | "escape" | "check"))
            .find(|(name, _)| name == "syntax")
            .map(|(_, value)| first_word(value))
    };
    commented("#")
        .or_else(|| commented("//"))
        .or_else(|| in_json(text))
}

/// Whether the syntax that a file asks for is the one that is built in: Docker's own, in any version.
#[must_use]
pub fn is_built_in(syntax: &str) -> bool {
    let name = syntax.strip_prefix("docker.io/").unwrap_or(syntax);
    let name = name.split(['@', ':']).next().unwrap_or_default();
    matches!(
        name,
        "docker/dockerfile" | "docker/dockerfile-upstream" | "dockerfile.v0"
    )
}

fn in_json(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    Some(object.get("syntax")?.as_str()?.to_owned())
}

fn first_word(value: &str) -> String {
    value.split(' ').next().unwrap_or_default().to_owned()
}

/// `# name = value`, the name in lower case.
fn directive<'a>(line: &'a str, mark: &str) -> Option<(String, &'a str)> {
    let (name, value) = line.strip_prefix(mark)?.trim_start().split_once('=')?;
    let (name, value) = (name.trim_end(), value.trim());
    let proper = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && !value.is_empty();
    proper.then(|| (name.to_ascii_lowercase(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_syntax_is_found_in_all_three_forms() {
        for text in [
            "# syntax=docker/dockerfile:1\nFROM a",
            "\u{feff}#!/usr/bin/env x\n#syntax = docker/dockerfile:1 more\n",
            "# escape=`\n# SYNTAX=docker/dockerfile:1",
            "// syntax=docker/dockerfile:1\n{}",
            r#"{"syntax": "docker/dockerfile:1"}"#,
        ] {
            assert_eq!(
                syntax(text).as_deref(),
                Some("docker/dockerfile:1"),
                "{text}"
            );
        }
        for text in [
            "FROM a\n# syntax=x",
            "\n# syntax=x",
            "# hi\n# syntax=x",
            "[1]",
        ] {
            assert_eq!(syntax(text), None, "{text}");
        }
    }

    #[test]
    fn only_dockers_own_syntax_is_built_in() {
        for own in [
            "docker/dockerfile",
            "docker/dockerfile:1",
            "docker/dockerfile:1.7-labs",
            "docker.io/docker/dockerfile-upstream:master@sha256:00",
        ] {
            assert!(is_built_in(own), "{own}");
        }
        for other in ["docker/dockerfiles", "someone/else:1", "", "docker/mcp"] {
            assert!(!is_built_in(other), "{other}");
        }
    }

    #[test]
    fn check_names_rules_to_skip_and_whether_findings_fail_the_build() {
        let check = CheckDirective::parse("skip=A, B;error=true").unwrap();
        assert!(check.error && check.skip.contains("A") && check.skip.contains("b"));
        assert!(!check.skip.contains("C"));
        assert!(
            CheckDirective::parse("skip=all")
                .unwrap()
                .skip
                .contains("C")
        );
        let all = CheckDirective::parse("experimental=all").unwrap();
        assert_eq!(all.experimental, Rules::All);
        for bad in ["skip", "error=maybe", "other=1"] {
            assert!(CheckDirective::parse(bad).is_err(), "{bad}");
        }
    }
}
