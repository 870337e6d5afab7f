//! Text to logical lines: comments, continuations, here-documents.
//!
//! BuildKit's algorithm: a comment line or a blank line inside a continued instruction is left out of it, a continuation
//! character that is itself escaped continues nothing, and the text that follows a continuation keeps its indentation.

use crate::{
    dialect::Dialect,
    directive::{self, CheckDirective},
    error::{ParseError, Problem},
    heredoc::{self, Heredoc},
    parse, words,
};

/// Lines of a file, from 1, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lines {
    /// The first.
    pub first: usize,
    /// The last.
    pub last: usize,
}

impl Lines {
    /// A single line.
    #[must_use]
    pub fn one(line: usize) -> Self {
        Self {
            first: line,
            last: line,
        }
    }
}

/// An instruction on one line, however many it was written on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it is written, its here-documents and their ends included.
    pub(crate) lines: Lines,
    /// Its text without comments and continuation characters.
    pub(crate) text: String,
    /// What it announces, with contents.
    pub(crate) heredocs: Vec<Heredoc>,
    /// The comment lines right above it, without `#`.
    pub(crate) comments: Vec<String>,
}

/// A whole file's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// `\`, or as `# escape=` says.
    pub(crate) escape: char,
    /// As `# check=` says.
    pub(crate) check: CheckDirective,
    /// In order.
    pub(crate) lines: Vec<Line>,
    /// What the classic builder prints before its first step.
    pub(crate) warnings: Vec<String>,
    /// The last lines of instructions that have a blank line inside.
    pub(crate) blank: Vec<usize>,
}

/// More instructions than any real file has.
const MAX_INSTRUCTIONS: usize = 5_000;

/// Splits a file.
pub(crate) fn split(text: &str, dialect: Dialect) -> Result<Source, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let directives = directive::read(text, dialect)?;
    let mut source = Source {
        escape: directives.escape,
        check: directives.check,
        lines: Vec::new(),
        warnings: Vec::new(),
        blank: Vec::new(),
    };
    let mut reader = Reader::new(text);
    let mut comments = Vec::new();
    while let Some(first) = reader.next() {
        let first = first.trim_start();
        if let Some(comment) = first.strip_prefix('#') {
            match comment.trim() {
                "" => comments.clear(),
                text if reader.number > directives.count => comments.push(text.to_owned()),
                _ => {}
            }
            continue;
        }
        if first.is_empty() {
            comments.clear();
            continue;
        }
        let number = reader.number;
        let (text, blank) = reader.join(first, source.escape);
        // A lone continuation character is nothing.
        if text.trim().is_empty() {
            continue;
        }
        if blank {
            source.warnings.push(format!(
                "[WARNING]: Empty continuation line found in:\n    {text}"
            ));
            source.blank.push(reader.number);
        }
        if source.lines.len() >= MAX_INSTRUCTIONS {
            return Err(ParseError::TooMany);
        }
        let text = text.trim().to_owned();
        let heredocs = match dialect {
            Dialect::BuildKit => reader.heredocs(&text, number)?,
            Dialect::Classic => Vec::new(),
        };
        source.lines.push(Line {
            lines: Lines {
                first: number,
                last: reader.number,
            },
            text,
            heredocs,
            comments: std::mem::take(&mut comments),
        });
    }
    if !source.warnings.is_empty() {
        source.warnings.push(
            "[WARNING]: Empty continuation lines will become errors in a future release.".into(),
        );
    }
    Ok(source)
}

/// Physical lines with a count.
struct Reader<'a> {
    lines: std::str::SplitInclusive<'a, char>,
    /// Of the line read last, from 1.
    number: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            lines: text.split_inclusive('\n'),
            number: 0,
        }
    }

    /// The next line with its end.
    fn whole(&mut self) -> Option<&'a str> {
        let line = self.lines.next()?;
        self.number += 1;
        Some(line)
    }

    /// The next line without its end.
    fn next(&mut self) -> Option<&'a str> {
        Some(self.whole()?.trim_end_matches(['\r', '\n']))
    }

    /// An instruction that begins with `first`, and whether there was a blank line inside.
    fn join(&mut self, first: &str, escape: char) -> (String, bool) {
        let (text, mut open) = continued(first, escape);
        let mut joined = text.to_owned();
        let mut blank = false;
        while open {
            let Some(next) = self.next() else { break };
            let begin = next.trim_start();
            if begin.starts_with('#') {
                continue;
            }
            if begin.is_empty() {
                blank = true;
                continue;
            }
            let (text, more) = continued(next, escape);
            joined.push_str(text);
            open = more;
        }
        (joined, blank)
    }

    /// What follows a line that announces here-documents. Only RUN, COPY and ADD have them, also behind ONBUILD, and not
    /// in their JSON forms.
    fn heredocs(&mut self, line: &str, first: usize) -> Result<Vec<Heredoc>, ParseError> {
        if !may_hold(line) {
            return Ok(Vec::new());
        }
        let at = |last| ParseError::at(Lines { first, last });
        let mut found =
            heredoc::announced(line).map_err(|error| at(self.number)(Problem::Heredoc(error)))?;
        for heredoc in &mut found {
            loop {
                let Some(line) = self.whole() else {
                    return Err(at(self.number)(Problem::Unterminated));
                };
                if heredoc.ends_at(line) {
                    break;
                }
                heredoc.content.push_str(line);
            }
        }
        Ok(found)
    }
}

fn may_hold(line: &str) -> bool {
    if !line.contains("<<") {
        return false;
    }
    let (mut name, mut rest) = parse::name(line);
    if name.eq_ignore_ascii_case("ONBUILD") {
        (name, rest) = parse::name(rest);
    }
    let (_, arguments) = words::flags(rest);
    ["RUN", "COPY", "ADD"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
        && !matches!(words::json(arguments), Ok(Some(_)))
}

/// The line without its continuation character, and whether there was one.
fn continued(line: &str, escape: char) -> (&str, bool) {
    let ended = line.trim_end_matches([' ', '\t']);
    match ended.strip_suffix(escape) {
        Some(rest) if !rest.ends_with(escape) => (rest, true),
        _ => (line, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        split(text, Dialect::BuildKit).unwrap()
    }

    fn texts(text: &str) -> Vec<(usize, String)> {
        let lines = source(text).lines.into_iter();
        lines.map(|line| (line.lines.first, line.text)).collect()
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
        assert_eq!(source(text).warnings.len(), 2);
        assert_eq!(source(text).blank, [6]);
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
        let lines = source("# escape=`\nRUN a `\n b\\\nRUN c");
        assert_eq!(lines.escape, '`');
        assert_eq!(lines.lines[0].text, "RUN a  b\\");
    }

    #[test]
    fn a_directive_after_anything_else_is_a_comment() {
        for text in [
            "# hello\n# escape=`\nRUN a",
            "# other=1\n# escape=`",
            "\n# escape=`",
        ] {
            assert_eq!(source(text).escape, '\\', "{text}");
        }
        assert_eq!(source("FROM a\n# escape=x").escape, '\\');
        let classic = split("# check=skip=all\n# escape=`", Dialect::Classic).unwrap();
        assert_eq!(classic.escape, '\\');
        assert_eq!(source("# check=skip=all\n# escape=`").escape, '`');
    }

    #[test]
    fn a_continuation_that_the_file_ends_is_closed() {
        assert_eq!(texts("RUN a \\"), [(1, "RUN a".into())]);
        assert_eq!(texts("\\\nRUN a"), [(1, "RUN a".into())]);
    }

    #[test]
    fn here_documents_belong_to_their_instruction_and_its_lines() {
        let source = source("RUN <<A \\\n cat <<-'B'\n# kept\nA\n\tb\\\n\tB\nCMD c\n");
        let line = &source.lines[0];
        assert_eq!(line.lines, Lines { first: 1, last: 6 });
        assert_eq!(line.heredocs[0].content, "# kept\n");
        assert_eq!(line.heredocs[1].content, "\tb\\\n");
        assert!(line.heredocs[0].expand && !line.heredocs[1].expand);
        assert_eq!(source.lines[1].lines, Lines::one(7));
    }

    #[test]
    fn a_here_document_without_end_is_refused_with_its_lines() {
        let error = split("FROM a\nRUN <<E\nx\n", Dialect::BuildKit).unwrap_err();
        assert_eq!(error.to_string(), "unterminated heredoc");
        assert_eq!(error.lines(), Some(Lines { first: 2, last: 3 }));
    }

    #[test]
    fn only_run_copy_and_add_have_here_documents() {
        for (text, count) in [
            ("CMD <<E\nE", 2),
            ("ONBUILD RUN <<E\nE", 1),
            ("ADD --link <<E /\nE", 1),
            ("COPY [\"<<E\", \"/\"]\nE", 2),
        ] {
            assert_eq!(source(text).lines.len(), count, "{text}");
        }
    }

    #[test]
    fn comments_right_above_an_instruction_are_kept_with_it() {
        let source = source("# syntax=x\n# far\n\n# near\n#  by\nFROM a\n# x\n#\nRUN b");
        assert_eq!(source.lines[0].comments, ["near", "by"]);
        assert!(source.lines[1].comments.is_empty());
    }
}
