//! Text to logical lines: parser directives, comments, continuations.
//!
//! BuildKit's algorithm: a comment line or a blank line inside a continued instruction is left out of it, a continuation
//! character that is itself escaped continues nothing, and the text that follows a continuation keeps its indentation.

use crate::error::{ParseError, Problem};

/// An instruction on one line, however many it was written on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it begins, from 1.
    pub(crate) number: usize,
    /// Its text without comments and continuation characters.
    pub(crate) text: String,
}

/// A whole file's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lines {
    /// `\`, or as `# escape=` says.
    pub(crate) escape: char,
    /// The frontend that `# syntax=` asks for.
    pub(crate) syntax: Option<String>,
    /// In order.
    pub(crate) lines: Vec<Line>,
    /// What the builder prints before its first step.
    pub(crate) warnings: Vec<String>,
}

/// Splits a file.
pub(crate) fn split(text: &str) -> Result<Lines, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let directives = directives(text)?;
    let mut found = Lines {
        escape: directives.escape,
        syntax: directives.syntax,
        lines: Vec::new(),
        warnings: Vec::new(),
    };
    let mut physical = text.lines().enumerate();
    while let Some((index, first)) = physical.next() {
        let first = first.trim_start();
        if first.is_empty() || first.starts_with('#') {
            continue;
        }
        let (mut line, mut open) = continued(first, found.escape);
        let mut blank = false;
        while open {
            let Some((_, next)) = physical.next() else {
                break;
            };
            if next.trim_start().starts_with('#') {
                continue;
            }
            if next.trim().is_empty() {
                blank = true;
                continue;
            }
            let (text, more) = continued(next, found.escape);
            line.push_str(&text);
            open = more;
        }
        // A lone continuation character is nothing.
        if line.trim().is_empty() {
            continue;
        }
        if blank {
            found.warnings.push(format!(
                "[WARNING]: Empty continuation line found in:\n    {line}"
            ));
        }
        found.lines.push(Line {
            number: index + 1,
            text: line.trim().to_owned(),
        });
    }
    if !found.warnings.is_empty() {
        found.warnings.push(
            "[WARNING]: Empty continuation lines will become errors in a future release.".into(),
        );
    }
    Ok(found)
}

/// The line without its continuation character, and whether there was one.
fn continued(line: &str, escape: char) -> (String, bool) {
    let line = line.trim_end_matches('\r');
    let ended = line.trim_end_matches([' ', '\t']);
    match ended.strip_suffix(escape) {
        Some(rest) if !rest.ends_with(escape) => (rest.to_owned(), true),
        _ => (line.to_owned(), false),
    }
}

struct Directives {
    escape: char,
    syntax: Option<String>,
}

/// `# name=value` comments at the very top of the file.
fn directives(text: &str) -> Result<Directives, ParseError> {
    let mut found = Directives {
        escape: '\\',
        syntax: None,
    };
    let mut escape_seen = false;
    for (index, line) in text.lines().enumerate() {
        let Some((name, value)) = line
            .trim()
            .strip_prefix('#')
            .and_then(|rest| rest.split_once('='))
        else {
            break;
        };
        let at = || ParseError::at(index + 1);
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "escape" if escape_seen => return Err(at()(Problem::DirectiveTwice(name))),
            "escape" => {
                escape_seen = true;
                found.escape = match value {
                    "\\" => '\\',
                    "`" => '`',
                    other => return Err(at()(Problem::EscapeToken(other.into()))),
                };
            }
            "syntax" if found.syntax.is_some() => return Err(at()(Problem::DirectiveTwice(name))),
            "syntax" => found.syntax = Some(value.into()),
            // Later directives, such as `check`, change nothing here.
            name if name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty() => {}
            _ => break,
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(usize, String)> {
        split(text)
            .unwrap()
            .lines
            .into_iter()
            .map(|l| (l.number, l.text))
            .collect()
    }

    #[test]
    fn comments_and_blank_lines_inside_a_continuation_are_left_out() {
        let text = "FROM a\nRUN x \\\n # note\n  && \\\n\n  y\nCMD z\n";
        assert_eq!(
            texts(text),
            [
                (1, "FROM a".into()),
                (2, "RUN x   &&   y".into()),
                (7, "CMD z".into())
            ]
        );
        assert_eq!(split(text).unwrap().warnings.len(), 2);
    }

    #[test]
    fn windows_line_ends_and_byte_order_mark_are_no_part_of_an_instruction() {
        assert_eq!(
            texts("\u{feff}FROM a\r\nRUN b \\\r\n c\r\n"),
            [(1, "FROM a".into()), (2, "RUN b  c".into())]
        );
    }

    #[test]
    fn an_escaped_escape_at_the_end_continues_nothing() {
        assert_eq!(
            texts("RUN a\\\\\nRUN b"),
            [(1, "RUN a\\\\".into()), (2, "RUN b".into())]
        );
    }

    #[test]
    fn the_escape_directive_changes_the_continuation_character() {
        let lines = split("# escape=`\nRUN a `\n b\\\nRUN c").unwrap();
        assert_eq!(lines.escape, '`');
        assert_eq!(lines.lines[0].text, "RUN a  b\\");
    }

    #[test]
    fn a_directive_after_a_plain_comment_or_an_instruction_is_a_comment() {
        assert_eq!(split("# hello\n# escape=`\nRUN a").unwrap().escape, '\\');
        assert_eq!(split("FROM a\n# escape=x").unwrap().escape, '\\');
    }

    #[test]
    fn a_continuation_that_the_file_ends_is_closed() {
        assert_eq!(texts("RUN a \\"), [(1, "RUN a".into())]);
        assert_eq!(texts("\\\nRUN a"), [(1, "RUN a".into())]);
    }
}
