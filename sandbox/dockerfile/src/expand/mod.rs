//! Variables, quotes and escapes in an instruction's words, as the builder (not the shell) resolves them.
//!
//! BuildKit's rules: `frontend/dockerfile/shell/lex.go`.

mod lexer;
mod pattern;
mod variables;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use self::variables::{Indexed, Variables};
use crate::dialect::Dialect;

/// Why a word could not be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to process {:?}: {problem}", shown(word))]
pub struct ExpandError {
    word: String,
    problem: WordProblem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum WordProblem {
    #[error("unexpected end of statement while looking for matching {0}")]
    Unclosed(&'static str),
    #[error("syntax error: missing '}}'")]
    MissingBrace,
    #[error("syntax error: missing '/' in ${{}}")]
    MissingSlash,
    #[error("syntax error: bad substitution")]
    BadSubstitution,
    #[error("missing ':' in substitution")]
    MissingColon,
    #[error("unsupported modifier ({0}) in substitution")]
    Modifier(String),
    #[error("invalid pattern ({pattern}) in substitution: invalid escape '\\{escaped}'")]
    Pattern { pattern: String, escaped: char },
    #[error("the patterns in it take too long")]
    Effort,
    #[error("{name}: {message}")]
    Required { name: String, message: String },
    #[error("longer than {MAX_WORD} bytes")]
    TooLong,
    #[error("alternatives are nested deeper than {MAX_DEPTH}")]
    TooDeep,
}

/// A variable that holds itself twice doubles with each line.
const MAX_WORD: usize = 1 << 20;
/// `${a:-${b:-…}}` this deep.
const MAX_DEPTH: usize = 32;

/// The beginning of a long word.
fn shown(word: &str) -> &str {
    &word[..word.floor_char_boundary(200)]
}

/// Where variables come from, as `name=value`; the last entry of a name counts.
pub type Env = [String];

/// The names of the variables that words used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Those that were set.
    pub used: BTreeSet<String>,
    /// Those that were not.
    pub unset: BTreeSet<String>,
}

/// What became of a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The whole text.
    pub text: String,
    /// The text split at white space that is not quoted, also where it comes from a variable.
    pub words: Vec<String>,
    /// The variables in it.
    pub names: Names,
}

/// How words are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lexer {
    /// The escape character.
    pub escape: char,
    /// Quotes stay in the text.
    pub raw_quotes: bool,
    /// Escape characters stay in the text.
    pub raw_escapes: bool,
    /// A quote is a character like any other.
    pub ignore_quotes: bool,
    /// A variable that is not set stays in the text as it is written; else it is empty.
    pub skip_unset: bool,
    /// Which substitutions there are.
    pub dialect: Dialect,
}

impl Default for Lexer {
    fn default() -> Self {
        Self::new('\\')
    }
}

impl Lexer {
    /// As an instruction's words are read.
    #[must_use]
    pub fn new(escape: char) -> Self {
        Self {
            escape,
            raw_quotes: false,
            raw_escapes: false,
            ignore_quotes: false,
            skip_unset: false,
            dialect: Dialect::BuildKit,
        }
    }

    /// As the classic builder's words are read.
    #[must_use]
    pub fn classic(escape: char) -> Self {
        Self {
            dialect: Dialect::Classic,
            ..Self::new(escape)
        }
    }

    /// Expands `text`.
    ///
    /// # Errors
    /// An unclosed quote or brace, an unknown modifier, `${x:?}` with `x` unset, or something that grows or takes
    /// without bound.
    pub fn expand(&self, text: &str, env: &Env) -> Result<Expansion, ExpandError> {
        self.expand_in(text, &Indexed::new(env))
    }

    /// As [`Self::expand`], with variables from anywhere.
    ///
    /// # Errors
    /// As [`Self::expand`].
    pub fn expand_in(
        &self,
        text: &str,
        variables: &dyn Variables,
    ) -> Result<Expansion, ExpandError> {
        lexer::run(self, text, variables).map_err(|problem| ExpandError {
            word: text.into(),
            problem,
        })
    }
}

/// One word: the whole text, quotes and escapes resolved, variables replaced; an unset one is empty.
///
/// # Errors
/// As [`Lexer::expand`].
pub fn word(text: &str, env: &Env, escape: char) -> Result<String, ExpandError> {
    Ok(Lexer::new(escape).expand(text, env)?.text)
}

/// Several words: white space that is not quoted separates them, also where it comes from a variable.
///
/// # Errors
/// As [`Lexer::expand`].
pub fn words(text: &str, env: &Env, escape: char) -> Result<Vec<String>, ExpandError> {
    Ok(Lexer::new(escape).expand(text, env)?.words)
}
