//! One pattern of a `.dockerignore`: a glob in which `**` crosses directories.

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
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

impl Pattern {
    /// `None` when a class is not closed or a `\` escapes nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
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
        }
        Some(Self { tokens })
    }

    /// Matches `text` and nothing else.
    pub(super) fn literal(text: &str) -> Self {
        Self {
            tokens: text.chars().map(Token::Char).collect(),
        }
    }

    /// Whether the whole of `path` matches.
    ///
    /// Every position that the pattern may have reached is followed at once, so that no pattern takes more than
    /// (its length × the path's length) steps.
    pub(super) fn is_match(&self, path: &str) -> bool {
        let end = self.tokens.len();
        let mut reached = vec![false; end + 1];
        self.reach(&mut reached, 0);
        let mut next = vec![false; end + 1];
        for c in path.chars() {
            next.fill(false);
            for at in (0..end).filter(|&at| reached[at]) {
                match &self.tokens[at] {
                    Token::Char(wanted) if *wanted == c => self.reach(&mut next, at + 1),
                    Token::One if c != '/' => self.reach(&mut next, at + 1),
                    Token::Star if c != '/' => self.reach(&mut next, at),
                    Token::Anything => self.reach(&mut next, at),
                    Token::Directories => {
                        // Inside a directory's name; behind its slash the rest of the pattern may begin.
                        next[at] = true;
                        if c == '/' {
                            self.reach(&mut next, at + 1);
                        }
                    }
                    Token::Class { negated, ranges } if *negated != within(ranges, c) => {
                        self.reach(&mut next, at + 1);
                    }
                    _ => {}
                }
            }
            std::mem::swap(&mut reached, &mut next);
        }
        reached[end]
    }

    /// Marks position `at`, and those behind tokens that may match nothing.
    fn reach(&self, reached: &mut [bool], at: usize) {
        reached[at] = true;
        if let Some(Token::Star | Token::Anything | Token::Directories) = self.tokens.get(at) {
            self.reach(reached, at + 1);
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
