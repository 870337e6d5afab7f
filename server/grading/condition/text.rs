//! Comparing text: a file's content, a program's output.

use serde::Deserialize;

use crate::grading::{Finding, random::Values};

/// What a text must look like; blanks at line ends and around the whole are ignored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Text {
    /// The whole text.
    pub is: Option<String>,
    /// A part of it.
    pub contains: Option<String>,
    /// A part that must not be in it.
    pub lacks: Option<String>,
    /// One whole line of it.
    pub line: Option<String>,
}

/// How much of a text is worth showing.
const SHOWN: usize = 300;

impl Text {
    /// The first thing that is wrong with `found`, as a finding with `condition`.
    #[must_use]
    pub fn judge(
        &self,
        found: &str,
        values: &Values,
        condition: &'static str,
        what: &str,
    ) -> Option<Finding> {
        let tidy = tidy(found);
        let finding = |message: String, expected: String| {
            Some(Finding::wrong(condition, message).compared(expected, shown(&tidy)))
        };
        if let Some(is) = &self.is {
            let wanted = self::tidy(&values.fill(is));
            if tidy != wanted {
                return finding(format!("{what} is not what it should be."), wanted);
            }
        }
        if let Some(part) = &self.contains {
            let wanted = values.fill(part);
            if !tidy.contains(&wanted) {
                return finding(
                    format!("{what} does not contain the expected text."),
                    wanted,
                );
            }
        }
        if let Some(line) = &self.line {
            let wanted = values.fill(line);
            if !tidy.lines().any(|line| line == wanted.trim_end()) {
                return finding(format!("{what} has no such line."), wanted);
            }
        }
        if let Some(part) = &self.lacks {
            let unwanted = values.fill(part);
            if tidy.contains(&unwanted) {
                return finding(
                    format!("{what} contains something that should not be there."),
                    format!("no {unwanted:?}"),
                );
            }
        }
        None
    }
}

fn tidy(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

/// A text cut to what a page can show.
#[must_use]
pub fn shown(text: &str) -> String {
    if text.is_empty() {
        return "nothing".into();
    }
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values::new(7, "lesson", "exercise")
    }

    #[test]
    fn blanks_at_line_ends_do_not_matter() {
        let text = Text {
            is: Some("a\nb".into()),
            ..Text::default()
        };
        assert_eq!(text.judge("a  \r\nb\n\n", &values(), "output", "It"), None);
        assert!(text.judge("a b", &values(), "output", "It").is_some());
    }

    #[test]
    fn a_line_is_a_whole_line() {
        let text = Text {
            line: Some("hello".into()),
            ..Text::default()
        };
        assert_eq!(text.judge("x\nhello\ny", &values(), "output", "It"), None);
        let finding = text
            .judge("hello world", &values(), "output", "It")
            .expect("no such line");
        assert_eq!(finding.condition, "output");
        assert_eq!(finding.found.as_deref(), Some("hello world"));
    }

    #[test]
    fn random_values_are_filled_in_before_comparing() {
        let values = values();
        let text = Text {
            is: Some("Hello, {word}!".into()),
            ..Text::default()
        };
        let right = format!("Hello, {}!", values.fill("{word}"));
        assert_eq!(text.judge(&right, &values, "output", "It"), None);
        assert!(
            text.judge("Hello, {word}!", &values, "output", "It")
                .is_some()
        );
    }

    #[test]
    fn nothing_and_very_much_are_both_shown_briefly() {
        assert_eq!(shown(""), "nothing");
        assert!(shown(&"é".repeat(4000)).chars().count() < 400);
    }
}
