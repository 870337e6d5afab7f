//! `.dockerignore`: which paths of a directory stay out of the build context.
//!
//! The rules are those of moby's pattern matcher: patterns are anchored at the context's root, a pattern that matches a
//! directory excludes what is below it, the last matching pattern wins, and `!` brings a path back.

use crate::wildcard::{Wildcard, clean_path as clean};

/// Why a `.dockerignore` was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// A `!` with nothing after it.
    #[error("illegal exclusion pattern: \"!\"")]
    LoneException,
    /// An unclosed `[`, or a `\` at the end.
    #[error(
        "error checking context: syntax error in pattern {pattern:?} of .dockerignore, line {line}"
    )]
    Syntax {
        /// The pattern as written.
        pattern: String,
        /// Its line, from 1.
        line: usize,
    },
}

/// A parsed `.dockerignore`.
#[derive(Debug, Clone, Default)]
pub struct DockerIgnore {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    /// Starts with `!`: brings a path back.
    exception: bool,
    /// As cleaned, for asking what a directory may hold.
    text: String,
    pattern: Wildcard,
}

impl DockerIgnore {
    /// Parses the file's text. Comments are lines whose first character is `#`.
    ///
    /// # Errors
    /// A malformed pattern.
    pub fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut ignore = Self::default();
        for (index, line) in text.lines().enumerate() {
            let pattern = line.trim();
            if line.starts_with('#') || pattern.is_empty() {
                continue;
            }
            ignore.push(pattern, index + 1)?;
        }
        Ok(ignore)
    }

    /// The rules of patterns that stand alone, such as those of `COPY --exclude`.
    ///
    /// # Errors
    /// A malformed pattern.
    pub fn of<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, IgnoreError> {
        let mut ignore = Self::default();
        for (index, pattern) in patterns.into_iter().map(str::trim).enumerate() {
            if !pattern.is_empty() {
                ignore.push(pattern, index + 1)?;
            }
        }
        Ok(ignore)
    }

    /// Whether there is no rule at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether there is a rule that brings paths back.
    #[must_use]
    pub fn has_exceptions(&self) -> bool {
        self.rules.iter().any(|rule| rule.exception)
    }

    /// Whether `path`, relative to the context's root with `/` between its parts, is excluded, by itself or by a
    /// directory above it.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let path = clean(path.trim_start_matches('/'));
        let mut excluded = false;
        for rule in &self.rules {
            // A rule that could not change the verdict is not tried.
            if rule.exception == excluded && rule.covers(&path) {
                excluded = !rule.exception;
            }
        }
        excluded
    }

    /// Whether an excluded directory must be walked nevertheless, because a `!` rule names something below it.
    #[must_use]
    pub fn may_hold_exceptions(&self, directory: &str) -> bool {
        let directory = format!("{}/", clean(directory.trim_start_matches('/')));
        self.rules
            .iter()
            .any(|rule| rule.exception && format!("{}/", rule.text).starts_with(&directory))
    }

    /// Brings `path` back if it is excluded: the client sends the Dockerfile and `.dockerignore` always.
    pub fn keep(&mut self, path: &str) {
        if self.matches(path) {
            let text = clean(path);
            self.rules.push(Rule {
                exception: true,
                pattern: Wildcard::literal(&text),
                text,
            });
        }
    }

    fn push(&mut self, written: &str, line: usize) -> Result<(), IgnoreError> {
        let (exception, rest) = match written.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, written),
        };
        if rest.is_empty() {
            return Err(IgnoreError::LoneException);
        }
        let mut text = clean(rest);
        if text.len() > 1 && text.starts_with('/') {
            text.remove(0);
        }
        let syntax = || IgnoreError::Syntax {
            pattern: written.into(),
            line,
        };
        let pattern = Wildcard::with_double_star(&text).ok_or_else(syntax)?;
        self.rules.push(Rule {
            exception,
            text,
            pattern,
        });
        Ok(())
    }
}

impl Rule {
    /// Matches the path or one of the directories above it.
    fn covers(&self, path: &str) -> bool {
        let parents = path.match_indices('/').map(|(end, _)| &path[..end]);
        parents
            .chain([path])
            .any(|part| self.pattern.is_match(part))
    }
}

#[cfg(test)]
mod tests;
