//! Wildcards over paths: those of COPY and ADD, and those of `.dockerignore`, in which `**` crosses directories.

/// A compiled wildcard.
#[derive(Debug, Clone)]
pub struct Wildcard {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This character.
    Char(char),
    /// `?`: one character but `/`.
    One,
    /// `*`: any number of characters but `/`.
    Star,
    /// `**` before something: nothing, or any number of whole directories.
    Directories,
    /// `**` at the end, or right before literal text at the start: anything.
    Anything,
    /// `[a-z]`, `[^a-z]`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Wildcard {
    /// COPY's: `*` and `?` match no `/`. `None` when a class is not closed or a `\` escapes nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut single = text.to_owned();
        while single.contains("**") {
            single = single.replace("**", "*");
        }
        Self::with_double_star(&single)
    }

    /// Whether COPY would look for files that match `text`, rather than for the one of that name.
    #[must_use]
    pub fn is_in(text: &str) -> bool {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => drop(chars.next()),
                '*' | '?' | '[' => return true,
                _ => {}
            }
        }
        false
    }

    /// As [`Self::parse`], with `**`.
    pub(crate) fn with_double_star(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            tokens.push(match c {
                '?' => Token::One,
                '\\' => Token::Char(chars.next()?),
                '[' => class(&mut chars)?,
                '*' if chars.peek() == Some(&'*') => {
                    chars.next();
                    let slash = chars.next_if_eq(&'/').is_some();
                    let last = chars.peek().is_none();
                    // Moby compares a leading `**name` with the path's end, without asking for a slash before it.
                    let suffix =
                        tokens.is_empty() && !slash && !chars.clone().any(|c| "*?[]\\".contains(c));
                    if last || suffix {
                        Token::Anything
                    } else {
                        Token::Directories
                    }
                }
                '*' => Token::Star,
                c => Token::Char(c),
            });
            // Two in a row match what one does.
            if let [.., before, last] = tokens.as_slice()
                && before == last
                && matches!(last, Token::Star | Token::Directories)
            {
                tokens.pop();
            }
        }
        Some(Self { tokens })
    }

    /// Matches `text` and nothing else.
    pub(crate) fn literal(text: &str) -> Self {
        Self {
            tokens: text.chars().map(Token::Char).collect(),
        }
    }

    /// Whether the whole of `path` matches.
    ///
    /// Every position that the pattern may have reached is followed at once, so that no pattern takes more than
    /// (its length × the path's length) steps; few patterns reach many positions.
    #[must_use]
    pub fn is_match(&self, path: &str) -> bool {
        let mut reached = Vec::new();
        self.reach(&mut reached, 0);
        let mut next = Vec::new();
        for c in path.chars() {
            next.clear();
            for &at in &reached {
                match self.tokens.get(at) {
                    Some(Token::Char(wanted)) if *wanted == c => self.reach(&mut next, at + 1),
                    Some(Token::One) if c != '/' => self.reach(&mut next, at + 1),
                    Some(Token::Star) if c != '/' => self.reach(&mut next, at),
                    Some(Token::Anything) => self.reach(&mut next, at),
                    Some(Token::Directories) => {
                        // Inside a directory's name; behind its slash the rest of the pattern may begin.
                        next.push(at);
                        if c == '/' {
                            self.reach(&mut next, at + 1);
                        }
                    }
                    Some(Token::Class { negated, ranges }) if *negated != within(ranges, c) => {
                        self.reach(&mut next, at + 1);
                    }
                    _ => {}
                }
            }
            if next.is_empty() {
                return false;
            }
            next.sort_unstable();
            next.dedup();
            std::mem::swap(&mut reached, &mut next);
        }
        reached.last() == Some(&self.tokens.len())
    }

    /// Adds position `at`, and those behind tokens that may match nothing.
    fn reach(&self, reached: &mut Vec<usize>, mut at: usize) {
        reached.push(at);
        while let Some(Token::Star | Token::Anything | Token::Directories) = self.tokens.get(at) {
            at += 1;
            reached.push(at);
        }
    }
}

fn within(ranges: &[(char, char)], c: char) -> bool {
    ranges.iter().any(|(low, high)| (*low..=*high).contains(&c))
}

/// The rest of a `[…]`.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && chars.next_if_eq(&']').is_some() {
            return Some(Token::Class { negated, ranges });
        }
        let low = class_char(chars)?;
        let high = if chars.next_if_eq(&'-').is_some() {
            class_char(chars)?
        } else {
            low
        };
        ranges.push((low, high));
    }
}

fn class_char(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '-' | ']' => None,
        '\\' => chars.next(),
        c => Some(c),
    }
}

/// Lexical path cleaning: no doubled or trailing slash, no `.`, `..` taken back where it can be. For names in patterns
/// and messages; files are found by the kernel's resolution.
#[must_use]
pub fn clean_path(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => drop(parts.pop()),
                _ if rooted => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".into(),
        (false, false) => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_of_copy_stays_in_its_directory() {
        let matches = |pattern: &str, path: &str| Wildcard::parse(pattern).unwrap().is_match(path);
        assert!(matches("a*.txt", "ab.txt"));
        assert!(!matches("*", "a/b"));
        assert!(!matches("**", "a/b"));
        assert!(matches("[a-c]?", "bz"));
        assert!(Wildcard::parse("[").is_none());
    }

    #[test]
    fn an_escaped_wildcard_is_a_name() {
        assert!(Wildcard::is_in("a*") && Wildcard::is_in(r"a\\*") && Wildcard::is_in("[x]"));
        assert!(!Wildcard::is_in(r"a\*") && !Wildcard::is_in("a]"));
    }

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (path, cleaned) in [
            ("a//b/", "a/b"),
            ("./a/../b", "b"),
            ("../a", "../a"),
            ("/../a", "/a"),
            ("", "."),
        ] {
            assert_eq!(clean_path(path), cleaned);
        }
    }
}
