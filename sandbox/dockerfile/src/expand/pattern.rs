//! Shell patterns in substitutions: `${a#p}`, `${a%p}`, `${a/p/x}`. Only `*`, `?` and escapes: no brackets.

use super::{MAX_WORD, WordProblem};

/// What the patterns of one word may cost, in comparisons.
pub(super) struct Effort(u32);

impl Default for Effort {
    fn default() -> Self {
        Self(2_000_000)
    }
}

impl Effort {
    fn spend(&mut self, steps: usize) -> Result<(), WordProblem> {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.0 = self.0.checked_sub(steps).ok_or(WordProblem::Effort)?;
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`: one character, but no line end.
    One,
    /// `*`: any number of those.
    Star,
}

impl Token {
    fn takes(self, c: char) -> bool {
        match self {
            Self::Char(wanted) => wanted == c,
            Self::One | Self::Star => c != '\n',
        }
    }
}

fn parse(pattern: &str) -> Result<Vec<Token>, WordProblem> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            // Two stars in a row match what one does.
            '*' if tokens.last() == Some(&Token::Star) => continue,
            '*' => Token::Star,
            '?' => Token::One,
            // What ends a substitution is escaped there; the escape is no part of the pattern.
            '\\' => match chars.next() {
                Some(c @ ('}' | '/' | '*' | '?' | '\\')) => Token::Char(c),
                other => {
                    return Err(WordProblem::Pattern {
                        pattern: pattern.into(),
                        escaped: other.unwrap_or('\u{fffd}'),
                    });
                }
            },
            c => Token::Char(c),
        });
    }
    Ok(tokens)
}

/// The value without the shortest (or with `greedy` the longest) prefix or suffix that matches.
pub(super) fn trim(
    value: &str,
    pattern: &str,
    suffix: bool,
    greedy: bool,
    effort: &mut Effort,
) -> Result<String, WordProblem> {
    let mut tokens = parse(pattern)?;
    let mut chars: Vec<char> = value.chars().collect();
    if suffix {
        tokens.reverse();
        chars.reverse();
    }
    let Some(end) = match_end(&tokens, &chars, greedy, effort)? else {
        return Ok(value.to_owned());
    };
    let rest = chars.into_iter().skip(end);
    Ok(if suffix {
        let rest: Vec<char> = rest.collect();
        rest.into_iter().rev().collect()
    } else {
        rest.collect()
    })
}

/// The value with the first (or with `all` every) longest match replaced.
pub(super) fn replace(
    value: &str,
    pattern: &str,
    replacement: &str,
    all: bool,
    effort: &mut Effort,
) -> Result<String, WordProblem> {
    let tokens = parse(pattern)?;
    let chars: Vec<char> = value.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    let mut replaced = false;
    // Behind a match, a match of nothing does not count again.
    let mut behind = None;
    while at <= chars.len() {
        if out.len() > MAX_WORD {
            return Err(WordProblem::TooLong);
        }
        let end = if replaced && !all {
            None
        } else {
            match_end(&tokens, &chars[at..], true, effort)?
        };
        match end {
            Some(length) if length > 0 || behind != Some(at) => {
                out.push_str(replacement);
                replaced = true;
                at += length;
                behind = Some(at);
                if length > 0 {
                    continue;
                }
            }
            _ => {}
        }
        out.extend(chars.get(at));
        at += 1;
    }
    Ok(out)
}

/// How many characters at the beginning match: the fewest, or the most. Every position that the pattern may have reached
/// is followed at once.
fn match_end(
    tokens: &[Token],
    chars: &[char],
    longest: bool,
    effort: &mut Effort,
) -> Result<Option<usize>, WordProblem> {
    let mut reached = Vec::new();
    reach(tokens, &mut reached, 0);
    let mut next = Vec::new();
    let mut end = None;
    for at in 0..=chars.len() {
        effort.spend(reached.len().max(1))?;
        if reached.last() == Some(&tokens.len()) {
            end = Some(at);
            if !longest {
                break;
            }
        }
        let Some(&c) = chars.get(at) else { break };
        next.clear();
        for &position in &reached {
            match tokens.get(position) {
                Some(Token::Star) if Token::Star.takes(c) => reach(tokens, &mut next, position),
                Some(token) if token.takes(c) => reach(tokens, &mut next, position + 1),
                _ => {}
            }
        }
        if next.is_empty() {
            break;
        }
        std::mem::swap(&mut reached, &mut next);
    }
    Ok(end)
}

/// Adds a position, and the one behind it when it is a star's, which may match nothing. Positions come in order and stay
/// single; two stars are never neighbours.
fn reach(tokens: &[Token], reached: &mut Vec<usize>, position: usize) {
    let behind = (tokens.get(position) == Some(&Token::Star)).then_some(position + 1);
    for position in [Some(position), behind].into_iter().flatten() {
        if reached.last().is_none_or(|last| *last < position) {
            reached.push(position);
        }
    }
}
