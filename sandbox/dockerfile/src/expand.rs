//! Variables, quotes and escapes in an instruction's words, as the builder (not the shell) resolves them.

use std::{iter::Peekable, str::Chars};

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
    #[error("syntax error: bad substitution")]
    BadSubstitution,
    #[error("unsupported modifier ({0}) in substitution")]
    Modifier(String),
    #[error("{name}: {message}")]
    Required { name: String, message: String },
    #[error("longer than {MAX_WORD} bytes")]
    TooLong,
}

/// A variable that holds itself twice doubles with each line.
const MAX_WORD: usize = 1 << 20;
/// `${a:-${b:-…}}` this deep.
const MAX_DEPTH: usize = 64;

/// The beginning of a long word.
fn shown(word: &str) -> &str {
    let end = word
        .char_indices()
        .nth(200)
        .map_or(word.len(), |(at, _)| at);
    &word[..end]
}

/// Where variables come from; the last entry of a name counts.
pub type Env = [String];

/// One word: the whole text, quotes and escapes resolved, variables replaced; an unset one is empty.
///
/// # Errors
/// An unclosed quote or brace, an unknown modifier, or `${x:?}` with `x` unset.
pub fn word(text: &str, env: &Env, escape: char) -> Result<String, ExpandError> {
    let mut words = Expander::new(text, env, escape);
    words.run(None).map_err(|problem| ExpandError {
        word: text.into(),
        problem,
    })?;
    Ok(words.whole)
}

/// Several words: white space that is not quoted separates them, also where it comes from a variable.
///
/// # Errors
/// As [`word`].
pub fn words(text: &str, env: &Env, escape: char) -> Result<Vec<String>, ExpandError> {
    let mut words = Expander::new(text, env, escape);
    words.run(None).map_err(|problem| ExpandError {
        word: text.into(),
        problem,
    })?;
    words.end_word();
    Ok(words.words)
}

struct Expander<'a> {
    chars: Peekable<Chars<'a>>,
    env: &'a Env,
    escape: char,
    whole: String,
    words: Vec<String>,
    word: String,
    /// Quotes were seen, so that even an empty word is one.
    in_word: bool,
    /// Alternatives inside alternatives.
    depth: usize,
}

impl<'a> Expander<'a> {
    fn new(text: &'a str, env: &'a Env, escape: char) -> Self {
        Self {
            chars: text.chars().peekable(),
            env,
            escape,
            whole: String::new(),
            words: Vec::new(),
            word: String::new(),
            in_word: false,
            depth: 0,
        }
    }

    /// Up to `stop`, which must come, or to the end.
    fn run(&mut self, stop: Option<char>) -> Result<(), WordProblem> {
        while let Some(c) = self.chars.next() {
            if self.whole.len() > MAX_WORD {
                return Err(WordProblem::TooLong);
            }
            match c {
                c if Some(c) == stop => return Ok(()),
                '\'' => self.single_quoted()?,
                '"' => self.double_quoted()?,
                '$' => {
                    let value = self.dollar()?;
                    self.add_splitting(&value);
                }
                c if c == self.escape => {
                    if let Some(next) = self.chars.next() {
                        self.add(next);
                    }
                }
                c => self.add_splitting(c.encode_utf8(&mut [0; 4])),
            }
        }
        if stop.is_some() {
            Err(WordProblem::Unclosed("}"))
        } else {
            Ok(())
        }
    }

    fn add(&mut self, c: char) {
        self.whole.push(c);
        self.word.push(c);
        self.in_word = true;
    }

    fn add_splitting(&mut self, text: &str) {
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
        if std::mem::take(&mut self.in_word) {
            self.words.push(std::mem::take(&mut self.word));
        }
    }

    fn single_quoted(&mut self) -> Result<(), WordProblem> {
        self.in_word = true;
        loop {
            match self
                .chars
                .next()
                .ok_or(WordProblem::Unclosed("single-quote"))?
            {
                '\'' => return Ok(()),
                c => self.add(c),
            }
        }
    }

    fn double_quoted(&mut self) -> Result<(), WordProblem> {
        self.in_word = true;
        let unclosed = WordProblem::Unclosed("double-quote");
        loop {
            match self.chars.next().ok_or_else(|| unclosed.clone())? {
                '"' => return Ok(()),
                '$' => {
                    let value = self.dollar()?;
                    if self.whole.len() + value.len() > MAX_WORD {
                        return Err(WordProblem::TooLong);
                    }
                    value.chars().for_each(|c| self.add(c));
                }
                c if c == self.escape => {
                    let next = self.chars.next().ok_or_else(|| unclosed.clone())?;
                    // Before anything else the escape character stands for itself.
                    if !matches!(next, '"' | '$') && next != self.escape {
                        self.add(c);
                    }
                    self.add(next);
                }
                c => self.add(c),
            }
        }
    }

    /// What follows a `$`.
    fn dollar(&mut self) -> Result<String, WordProblem> {
        if self.chars.next_if_eq(&'{').is_none() {
            let name = self.name();
            return Ok(if name.is_empty() {
                "$".into()
            } else {
                self.get(&name).unwrap_or_default().into()
            });
        }
        match self.chars.peek() {
            None => return Err(WordProblem::MissingBrace),
            Some('{' | '}' | ':') => return Err(WordProblem::BadSubstitution),
            Some(_) => {}
        }
        let name = self.name();
        let value = self.get(&name).map(str::to_owned);
        let (value, modifier) = match self.chars.next().ok_or(WordProblem::MissingBrace)? {
            '}' => return Ok(value.unwrap_or_default()),
            // With a colon, empty is as good as unset.
            ':' => (
                value.filter(|value| !value.is_empty()),
                self.chars.next().ok_or(WordProblem::MissingBrace)?,
            ),
            modifier => (value, modifier),
        };
        if !matches!(modifier, '-' | '+' | '?') {
            return Err(WordProblem::Modifier(modifier.into()));
        }
        let alternative = self.alternative()?;
        match (modifier, value) {
            ('+', Some(_)) => Ok(alternative),
            ('+', None) => Ok(String::new()),
            (_, Some(value)) => Ok(value),
            ('-', None) => Ok(alternative),
            (_, None) => {
                let message = match alternative.as_str() {
                    "" => "is not allowed to be unset",
                    message => message,
                };
                Err(WordProblem::Required {
                    message: message.into(),
                    name,
                })
            }
        }
    }

    /// The word after a modifier, up to its closing brace; it may hold variables itself.
    fn alternative(&mut self) -> Result<String, WordProblem> {
        let mut inner = Expander {
            chars: self.chars.clone(),
            env: self.env,
            escape: self.escape,
            whole: String::new(),
            words: Vec::new(),
            word: String::new(),
            in_word: false,
            depth: self.depth + 1,
        };
        if inner.depth > MAX_DEPTH {
            return Err(WordProblem::BadSubstitution);
        }
        inner.run(Some('}'))?;
        self.chars = inner.chars;
        Ok(inner.whole)
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
                Some(first) if first.is_ascii_digit() => c.is_ascii_digit(),
                _ => c.is_ascii_alphanumeric() || c == '_',
            };
            if !fits {
                break;
            }
            name.push(c);
            self.chars.next();
        }
        name
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let pairs = self
            .env
            .iter()
            .rev()
            .filter_map(|entry| entry.split_once('='));
        pairs
            .into_iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> Vec<String> {
        ["a=1", "e=", "sp=x y", "n=a"].map(Into::into).into()
    }

    /// Text, what it becomes.
    const WORDS: &[(&str, &str)] = &[
        ("$a", "1"),
        ("${a}b", "1b"),
        ("$ab", ""),
        ("$", "$"),
        ("a$", "a$"),
        ("$.", "$."),
        (r"\$a", "$a"),
        ("'$a'", "$a"),
        ("\"$a\"", "1"),
        (r#""\$a \x \" \\""#, r#"$a \x " \"#),
        (r"'\'", r"\"),
        (r"a\ b", "a b"),
        ("\"a'b'\"", "a'b'"),
        ("${a:-x}", "1"),
        ("${e:-x}", "x"),
        ("${e-x}", ""),
        ("${u:-x}", "x"),
        ("${u-x}", "x"),
        ("${u:-}", ""),
        ("${a:+x}", "x"),
        ("${e:+x}", ""),
        ("${e+x}", "x"),
        ("${u:+x}", ""),
        ("${u:-$a}", "1"),
        ("${u:-${v:-z}}", "z"),
        ("${u:-'a}b'}", "a}b"),
        ("${a:?no}", "1"),
        ("$1x", "x"),
        ("$sp", "x y"),
        (r"a\", "a"),
        ("é$a", "é1"),
    ];

    #[test]
    fn words_expand_as_in_the_builder() {
        for (text, expected) in WORDS {
            assert_eq!(word(text, &env(), '\\').as_deref(), Ok(*expected), "{text}");
        }
        assert_eq!(word(r"`$a \$a", &env(), '`').as_deref(), Ok(r"$a \1"));
    }

    #[test]
    fn only_unquoted_white_space_separates_words() {
        assert_eq!(
            words("$sp '$sp' \"$sp\"", &env(), '\\').unwrap(),
            ["x", "y", "$sp", "x y"]
        );
        assert_eq!(words("'' a", &env(), '\\').unwrap(), ["", "a"]);
        assert_eq!(words("$u", &env(), '\\').unwrap(), Vec::<String>::new());
    }

    #[test]
    fn broken_words_are_refused_in_dockers_words() {
        for (text, message) in [
            (
                "'x",
                "failed to process \"'x\": unexpected end of statement while looking for matching single-quote",
            ),
            (
                "\"x",
                "failed to process \"\\\"x\": unexpected end of statement while looking for matching double-quote",
            ),
            (
                "${x",
                "failed to process \"${x\": syntax error: missing '}'",
            ),
            (
                "${}",
                "failed to process \"${}\": syntax error: bad substitution",
            ),
            (
                "${x:z}",
                "failed to process \"${x:z}\": unsupported modifier (z) in substitution",
            ),
            (
                "${x?}",
                "failed to process \"${x?}\": x: is not allowed to be unset",
            ),
            (
                "${x:?set it}",
                "failed to process \"${x:?set it}\": x: set it",
            ),
        ] {
            assert_eq!(word(text, &[], '\\').unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn words_that_grow_without_end_are_refused() {
        let doubled = (0..40).try_fold("x".to_owned(), |value, _| {
            word("$A\"$A\"", &[format!("A={value}")], '\\')
        });
        assert!(
            doubled
                .unwrap_err()
                .to_string()
                .ends_with("longer than 1048576 bytes")
        );
    }

    #[test]
    fn the_last_of_two_values_counts() {
        assert_eq!(
            word("$a", &["a=1".into(), "a=2".into()], '\\').as_deref(),
            Ok("2")
        );
    }
}
