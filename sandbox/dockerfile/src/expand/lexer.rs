//! The state machine: quotes, escapes, `$`.

use std::{iter::Peekable, str::Chars};

use super::{Expansion, Lexer, MAX_DEPTH, MAX_WORD, Names, Variables, WordProblem, pattern};
use crate::dialect::Dialect;

pub(super) fn run(
    lexer: &Lexer,
    text: &str,
    variables: &dyn Variables,
) -> Result<Expansion, WordProblem> {
    let mut expander = Expander {
        lexer: *lexer,
        chars: text.chars().peekable(),
        variables,
        names: Names::default(),
        depth: 0,
        effort: pattern::Effort::default(),
    };
    let mut piece = expander.until(None, lexer.raw_escapes)?;
    piece.end_word();
    Ok(Expansion {
        text: piece.whole,
        words: piece.words,
        names: expander.names,
    })
}

struct Expander<'a> {
    lexer: Lexer,
    chars: Peekable<Chars<'a>>,
    variables: &'a dyn Variables,
    names: Names,
    /// Alternatives inside alternatives.
    depth: usize,
    effort: pattern::Effort,
}

/// Text as a whole and as words.
#[derive(Default)]
struct Piece {
    whole: String,
    words: Vec<String>,
    word: String,
    /// Something was quoted, so that even an empty word counts as begun.
    in_word: bool,
}

impl Piece {
    fn raw(&mut self, text: &str) {
        self.whole.push_str(text);
        self.word.push_str(text);
        self.in_word = true;
    }

    fn raw_char(&mut self, c: char) {
        self.raw(c.encode_utf8(&mut [0; 4]));
    }

    fn splitting(&mut self, text: &str) {
        self.whole.push_str(text);
        for c in text.chars() {
            if c.is_whitespace() {
                self.end_word();
            } else {
                self.word.push(c);
                self.in_word = true;
            }
        }
    }

    fn end_word(&mut self) {
        if std::mem::take(&mut self.in_word) && !self.word.is_empty() {
            self.words.push(std::mem::take(&mut self.word));
        }
    }

    fn check(&self) -> Result<(), WordProblem> {
        bounded(&self.whole)
    }
}

fn bounded(text: &str) -> Result<(), WordProblem> {
    if text.len() > MAX_WORD {
        return Err(WordProblem::TooLong);
    }
    Ok(())
}

impl Expander<'_> {
    /// Up to `stop`, which must come, or to the end.
    fn until(&mut self, stop: Option<char>, raw_escapes: bool) -> Result<Piece, WordProblem> {
        let before = std::mem::replace(&mut self.lexer.raw_escapes, raw_escapes);
        let piece = self.piece(stop);
        self.lexer.raw_escapes = before;
        piece
    }

    fn piece(&mut self, stop: Option<char>) -> Result<Piece, WordProblem> {
        let mut piece = Piece::default();
        while let Some(c) = self.chars.next() {
            piece.check()?;
            match c {
                c if Some(c) == stop => return Ok(piece),
                '\'' if !self.lexer.ignore_quotes => piece.raw(&self.single_quoted()?),
                '"' if !self.lexer.ignore_quotes => piece.raw(&self.double_quoted()?),
                '$' => piece.splitting(&self.dollar()?),
                c if c == self.lexer.escape => {
                    if self.lexer.raw_escapes {
                        piece.raw_char(c);
                    }
                    if let Some(next) = self.chars.next() {
                        piece.raw_char(next);
                    }
                }
                c => piece.splitting(c.encode_utf8(&mut [0; 4])),
            }
        }
        piece.check()?;
        match stop {
            Some(_) => Err(WordProblem::Unclosed("}")),
            None => Ok(piece),
        }
    }

    fn single_quoted(&mut self) -> Result<String, WordProblem> {
        let mut text = self.quote('\'');
        loop {
            match self.chars.next() {
                None => return Err(WordProblem::Unclosed("single-quote")),
                Some('\'') => break,
                Some(c) => text.push(c),
            }
        }
        text.push_str(&self.quote('\''));
        Ok(text)
    }

    fn double_quoted(&mut self) -> Result<String, WordProblem> {
        let unclosed = WordProblem::Unclosed("double-quote");
        let mut text = self.quote('"');
        loop {
            bounded(&text)?;
            match self.chars.next() {
                None => return Err(unclosed),
                Some('"') => break,
                Some('$') => text.push_str(&self.dollar()?),
                Some(c) if c == self.lexer.escape => {
                    if self.lexer.raw_escapes {
                        text.push(c);
                    }
                    // Before anything else the escape character stands for itself.
                    let escaped = |next: &char| matches!(next, '"' | '$') || *next == c;
                    match self.chars.next_if(escaped) {
                        Some(next) => text.push(next),
                        None if self.chars.peek().is_none() => return Err(unclosed),
                        None => text.push(c),
                    }
                }
                Some(c) => text.push(c),
            }
        }
        text.push_str(&self.quote('"'));
        Ok(text)
    }

    fn quote(&self, quote: char) -> String {
        if self.lexer.raw_quotes {
            quote.to_string()
        } else {
            String::new()
        }
    }

    /// What follows a `$`.
    fn dollar(&mut self) -> Result<String, WordProblem> {
        if self.chars.next_if_eq(&'{').is_none() {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".into());
            }
            return Ok(match self.get(&name) {
                None if self.lexer.skip_unset => format!("${name}"),
                value => value.unwrap_or_default(),
            });
        }
        match self.chars.peek() {
            None => return Err(WordProblem::MissingBrace),
            Some('{' | '}' | ':') => return Err(WordProblem::BadSubstitution),
            Some(_) => {}
        }
        let name = self.name();
        let classic = self.lexer.dialect == Dialect::Classic;
        match self.chars.next().ok_or(WordProblem::MissingBrace)? {
            '}' => Ok(match self.get(&name) {
                None if self.lexer.skip_unset => format!("${{{name}}}"),
                value => value.unwrap_or_default(),
            }),
            ':' => {
                let modifier = self.chars.next().ok_or(WordProblem::MissingBrace)?;
                self.modified(&name, modifier, true)
            }
            modifier @ ('+' | '-' | '?') => self.modified(&name, modifier, false),
            _ if classic => Err(WordProblem::MissingColon),
            modifier @ ('#' | '%') => self.modified(&name, modifier, false),
            '/' => self.replaced(&name),
            other => Err(WordProblem::Modifier(other.into())),
        }
    }

    /// `${name:-word}` and its like, from behind the modifier on.
    fn modified(&mut self, name: &str, modifier: char, colon: bool) -> Result<String, WordProblem> {
        let trims = matches!(modifier, '#' | '%');
        let alternative = self.alternative(trims)?;
        let written = if colon {
            format!(":{modifier}")
        } else {
            modifier.to_string()
        };
        let value = self.get(name);
        if value.is_none() && self.lexer.skip_unset {
            return Ok(format!("${{{name}{written}{alternative}}}"));
        }
        // With a colon, empty is as good as unset.
        let present = value.as_ref().filter(|value| !colon || !value.is_empty());
        match modifier {
            '-' => Ok(present.cloned().unwrap_or(alternative)),
            '+' => Ok(present.map_or_else(String::new, |_| alternative)),
            '?' => present.cloned().ok_or_else(|| WordProblem::Required {
                name: name.into(),
                message: match (alternative.as_str(), &value) {
                    ("", None) => "is not allowed to be unset".into(),
                    ("", Some(_)) => "is not allowed to be empty".into(),
                    _ => alternative,
                },
            }),
            _ if self.lexer.dialect == Dialect::Classic => {
                Err(WordProblem::Modifier(modifier.into()))
            }
            '#' | '%' => {
                let value = value.unwrap_or_default();
                let greedy = alternative.starts_with(modifier);
                let text = &alternative[usize::from(greedy)..];
                pattern::trim(&value, text, modifier == '%', greedy, &mut self.effort)
            }
            _ => Err(WordProblem::Modifier(written)),
        }
    }

    /// `${name/pattern/replacement}`, from behind the first slash on.
    fn replaced(&mut self, name: &str) -> Result<String, WordProblem> {
        let all = self.chars.next_if_eq(&'/').is_some();
        let pattern = self.nested(|it| it.until(Some('/'), true));
        let pattern = pattern.map_err(|error| self.at_end(error, WordProblem::MissingSlash))?;
        let replacement = self.alternative(true)?;
        let value = self.get(name);
        if value.is_none() && self.lexer.skip_unset {
            return Ok(format!("${{{name}/{pattern}/{replacement}}}"));
        }
        let value = value.unwrap_or_default();
        pattern::replace(&value, &pattern, &replacement, all, &mut self.effort)
    }

    /// The word after a modifier, up to its closing brace; it may hold variables itself.
    fn alternative(&mut self, raw_escapes: bool) -> Result<String, WordProblem> {
        let word = self.nested(|it| it.until(Some('}'), raw_escapes));
        word.map_err(|error| self.at_end(error, WordProblem::MissingBrace))
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Piece, WordProblem>,
    ) -> Result<String, WordProblem> {
        if self.depth >= MAX_DEPTH {
            return Err(WordProblem::TooDeep);
        }
        self.depth += 1;
        let piece = read(self);
        self.depth -= 1;
        Ok(piece?.whole)
    }

    /// Whatever went wrong where the text ended, it is `missing` that it lacks.
    fn at_end(&mut self, error: WordProblem, missing: WordProblem) -> WordProblem {
        let bound = matches!(error, WordProblem::TooDeep | WordProblem::TooLong);
        if self.chars.peek().is_none() && !bound {
            missing
        } else {
            error
        }
    }

    /// A variable's name: letters, digits and `_`; or digits alone; or one special character.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(&c) = self.chars.peek() {
            let fits = match name.chars().next() {
                None if matches!(c, '@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                    self.chars.next();
                    return c.into();
                }
                Some(first) if first.is_numeric() => c.is_numeric(),
                _ => c.is_alphanumeric() || c == '_',
            };
            if !fits {
                break;
            }
            name.push(c);
            self.chars.next();
        }
        name
    }

    fn get(&mut self, name: &str) -> Option<String> {
        let value = self.variables.get(name);
        let names = match value {
            Some(_) => &mut self.names.used,
            None => &mut self.names.unset,
        };
        if !names.contains(name) {
            names.insert(name.to_owned());
        }
        value.map(str::to_owned)
    }
}
