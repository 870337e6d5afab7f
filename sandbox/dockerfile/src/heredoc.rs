//! Here-documents: which words of a line announce one, and what they hold.

use std::borrow::Cow;

use crate::expand::{ExpandError, Lexer};

/// A here-document: `<<EOF`, its lines, `EOF`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it: also the name of the file that COPY and ADD make of it.
    pub name: String,
    /// Its lines with their line ends. RUN's are as written; those of COPY and ADD have lost the tabs that `<<-` allows.
    pub content: String,
    /// Whether variables in it are replaced: unless a part of the word was quoted. RUN leaves that to its shell.
    pub expand: bool,
    /// `<<-`: tabs at the beginnings of lines are no part of it.
    pub chomp: bool,
}

impl Heredoc {
    /// What it holds, without the tabs that `<<-` allows.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        if !self.chomp {
            return Cow::Borrowed(&self.content);
        }
        let lines = self.content.split_inclusive('\n');
        Cow::Owned(lines.map(|line| line.trim_start_matches('\t')).collect())
    }

    /// Its first line, as displays show it behind the instruction.
    #[must_use]
    pub fn summary(&self) -> String {
        let trimmed = self.content.trim();
        match trimmed.split_once('\n') {
            Some((first, _)) => format!("{}...", first.trim_end_matches('\r')),
            None => trimmed.to_owned(),
        }
    }

    /// Whether `line`, a physical line with its end, is the last one.
    pub(crate) fn ends_at(&self, line: &str) -> bool {
        let line = line.trim_end_matches(['\r', '\n']);
        let line = if self.chomp {
            line.trim_start_matches('\t')
        } else {
            line
        };
        line == self.name
    }
}

/// The here-documents that a line announces, their contents still empty.
///
/// # Errors
/// A word such as `<<"EOF` whose quote is not closed.
pub(crate) fn announced(line: &str) -> Result<Vec<Heredoc>, ExpandError> {
    if !line.contains("<<") {
        return Ok(Vec::new());
    }
    let lexer = Lexer {
        raw_quotes: true,
        raw_escapes: true,
        skip_unset: true,
        ..Lexer::default()
    };
    // A line that the builder's lexer cannot split has none.
    let words = lexer
        .expand(line, &[])
        .map(|it| it.words)
        .unwrap_or_default();
    let mut found = Vec::new();
    for word in &words {
        found.extend(parse(word)?);
    }
    Ok(found)
}

/// The here-document that one word announces: digits, `<<`, perhaps `-`, and one word that has no `<`.
pub(crate) fn parse(word: &str) -> Result<Option<Heredoc>, ExpandError> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let Some(rest) = rest.strip_prefix("<<") else {
        return Ok(None);
    };
    let (chomp, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let plain = Lexer {
        skip_unset: true,
        ..Lexer::default()
    };
    let raw = Lexer {
        raw_quotes: true,
        ..plain
    };
    let (plain, raw) = (plain.expand(rest, &[])?.words, raw.expand(rest, &[])?.words);
    let ([name], [raw]) = (plain.as_slice(), raw.as_slice()) else {
        return Ok(None);
    };
    let quotes = |text: &str| text.matches(['\'', '"']).count();
    Ok(Some(Heredoc {
        expand: quotes(name) == quotes(raw),
        name: name.clone(),
        content: String::new(),
        chomp,
    }))
}

/// Whether the whole of `text` is one word that announces a here-document.
pub(crate) fn is_one(text: &str) -> bool {
    parse(text).is_ok_and(|found| found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<(String, bool, bool)> {
        let found = announced(line).unwrap();
        found
            .into_iter()
            .map(|it| (it.name, it.expand, it.chomp))
            .collect()
    }

    #[test]
    fn every_form_of_a_here_document_is_found() {
        for (line, name, expand, chomp) in [
            ("RUN <<EOF", "EOF", true, false),
            ("RUN <<-EOF", "EOF", true, true),
            ("RUN <<'EOF'", "EOF", false, false),
            ("RUN <<\"E\"OF", "EOF", false, false),
            ("RUN python3 <<EOF > /x", "EOF", true, false),
            ("RUN a && cat 3<<EOF", "EOF", true, false),
            ("RUN <<E$x", "E$x", true, false),
        ] {
            assert_eq!(names(line), [(name.to_owned(), expand, chomp)], "{line}");
        }
        assert_eq!(names("COPY <<a <<-'b' /x/").len(), 2);
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for line in [
            "RUN <<",
            "RUN <<<EOF",
            "RUN a<<EOF",
            "RUN cat << EOF",
            "RUN '<<EOF'",
        ] {
            assert!(names(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn tabs_go_only_where_the_dash_allows() {
        let doc = Heredoc {
            content: "\t\ta\n\tb\tc\n d\n".into(),
            chomp: true,
            ..Heredoc::default()
        };
        assert_eq!(doc.text(), "a\nb\tc\n d\n");
        assert_eq!(doc.summary(), "a...");
    }
}
