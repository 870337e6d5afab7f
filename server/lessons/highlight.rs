//! Syntax highlighting as classes, since the pages allow no inline style.

use std::sync::LazyLock;

use syntect::{
    html::{ClassStyle, ClassedHTMLGenerator},
    parsing::{SyntaxReference, SyntaxSet},
    util::LinesWithEndings,
};

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// `hl-` before every class keeps them apart from the page's own.
const STYLE: ClassStyle = ClassStyle::SpacedPrefixed { prefix: "hl-" };

/// What code blocks may be written in, with the name of the syntax; `None` is not highlighted.
const LANGUAGES: &[(&str, Option<&str>)] = &[
    ("text", None),
    ("output", None),
    ("console", None),
    ("sh", Some("Bourne Again Shell (bash)")),
    ("dockerfile", Some("Dockerfile")),
    ("json", Some("JSON")),
    ("toml", Some("TOML")),
    ("yaml", Some("YAML")),
    ("html", Some("HTML")),
    ("python", Some("Python")),
    ("c", Some("C")),
    ("awk", Some("AWK")),
];

/// Whether a code block may be written in this language.
#[must_use]
pub fn knows(language: &str) -> bool {
    LANGUAGES.iter().any(|(name, _)| *name == language)
}

/// The languages that code blocks may be written in.
#[must_use]
pub fn languages() -> Vec<&'static str> {
    LANGUAGES.iter().map(|(name, _)| *name).collect()
}

/// Code as HTML, highlighted where the language is known and escaped in any case.
#[must_use]
pub fn highlight(code: &str, language: &str) -> String {
    syntax(language)
        .and_then(|syntax| spans(code, syntax).ok())
        .unwrap_or_else(|| super::render::escape(code))
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let (_, name) = LANGUAGES.iter().find(|(name, _)| *name == language)?;
    SYNTAXES.find_syntax_by_name((*name)?)
}

fn spans(code: &str, syntax: &SyntaxReference) -> Result<String, syntect::Error> {
    let mut generator = ClassedHTMLGenerator::new_with_class_style(syntax, &SYNTAXES, STYLE);
    for line in LinesWithEndings::from(code) {
        generator.parse_html_for_line_which_includes_newline(line)?;
    }
    Ok(generator.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_syntax() {
        for (language, name) in LANGUAGES {
            assert_eq!(syntax(language).is_some(), name.is_some(), "{language}");
        }
    }

    #[test]
    fn highlighting_gives_classes_and_no_style() {
        let html = highlight("FROM busybox\nRUN echo '<b>'\n", "dockerfile");
        assert!(html.contains("class=\"hl-"), "{html}");
        assert!(!html.contains("style="), "{html}");
        assert!(!html.contains("<b>"), "{html}");
    }

    #[test]
    fn unknown_languages_are_escaped() {
        assert_eq!(highlight("a < b & c", "nonsense"), "a &lt; b &amp; c");
    }
}
