//! An instruction's arguments: words with quotes left in, `name=value` pairs, flags, JSON arrays.

use crate::{error::Problem, flags::Flag};

/// What separates an instruction's name and plain words: not all white space does.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// Words between such space.
pub(crate) fn plain(text: &str) -> Vec<String> {
    let words = text.split(is_space).filter(|word| !word.is_empty());
    words.map(Into::into).collect()
}

/// Splits at white space outside quotes; quotes and escapes stay in the words, to be resolved on expansion.
pub(crate) fn split(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        // Nothing is escaped between single quotes; an escape character at the very end is dropped.
        if c == escape && quote != Some('\'') {
            if let Some(next) = chars.next() {
                word.extend([c, next]);
            }
        } else {
            word.push(c);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// `a=1 b="2 3"`, or the old spelling `a the rest` of one pair.
pub(crate) fn pairs(
    text: &str,
    escape: char,
    instruction: &'static str,
) -> Result<Vec<(String, String)>, Problem> {
    let words = split(text, escape);
    let Some(first) = words.first() else {
        return Err(at_least_one(instruction));
    };
    let pairs = if first.contains('=') {
        let pair = |word: &String| {
            let (name, value) = word
                .split_once('=')
                .ok_or_else(|| Problem::NoEquals(word.clone()))?;
            Ok((name.to_owned(), value.to_owned()))
        };
        words
            .iter()
            .map(pair)
            .collect::<Result<Vec<_>, Problem>>()?
    } else {
        let (name, value) = text
            .split_once(is_space)
            .ok_or(Problem::TwoArguments(instruction))?;
        vec![(name.to_owned(), value.trim_start().to_owned())]
    };
    if pairs.iter().any(|(name, _)| name.is_empty()) {
        return Err(Problem::BlankName(instruction));
    }
    Ok(pairs)
}

/// The flags before the arguments, in order, and the arguments. Quotes and `\\` in a flag are resolved, whatever the
/// file's escape character is; a lone `--` ends the flags.
pub(crate) fn flags(text: &str) -> (Vec<Flag>, &str) {
    let mut flags = Vec::new();
    let mut rest = text.trim();
    while rest.starts_with("--") {
        let (word, tail) = flag_word(rest);
        rest = tail.trim_start();
        if word == "--" {
            break;
        }
        flags.push(Flag::parse(&word));
    }
    (flags, rest)
}

/// The first word without its quotes and escapes, and what follows.
fn flag_word(text: &str) -> (String, &str) {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => return (word, &text[at..]),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (_, '\\') => word.extend(chars.next().map(|(_, c)| c)),
            (_, c) => word.push(c),
        }
    }
    (word, "")
}

/// The strings of a JSON array; `None` when the text is no JSON array, which makes it the shell's.
pub(crate) fn json(text: &str) -> Result<Option<Vec<String>>, Problem> {
    if !text.starts_with('[') {
        return Ok(None);
    }
    let Ok(values) = serde_json::from_str::<Vec<serde_json::Value>>(text) else {
        return Ok(None);
    };
    let string = |value| match value {
        serde_json::Value::String(text) => Ok(text),
        _ => Err(Problem::NotStrings),
    };
    values
        .into_iter()
        .map(string)
        .collect::<Result<_, _>>()
        .map(Some)
}

/// A JSON array, or words between white space.
pub(crate) fn json_or_words(text: &str) -> Result<Vec<String>, Problem> {
    Ok(json(text)?.unwrap_or_else(|| plain(text)))
}

pub(crate) fn at_least_one(instruction: &'static str) -> Problem {
    Problem::Arguments {
        instruction,
        wanted: "at least one argument",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn quotes_and_escapes_keep_a_word_together() {
        assert_eq!(
            split(r#"a="x y" b=c\ d 'e "f'g"#, '\\'),
            [r#"a="x y""#, r"b=c\ d", r#"'e "f'g"#]
        );
        assert_eq!(split(r"a\", '\\'), ["a"]);
        assert_eq!(split(r"'a\' b", '\\'), [r"'a\'", "b"]);
        assert_eq!(split("a` b", '`'), ["a` b"]);
        assert_eq!(split(r#""" b"#, '\\'), [r#""""#, "b"]);
    }

    #[test]
    fn both_spellings_of_env_give_pairs() {
        assert_eq!(
            pairs("a=1 b='2 3'", '\\', "ENV").unwrap(),
            [pair("a", "1"), pair("b", "'2 3'")]
        );
        assert_eq!(
            pairs("a   b  c=d ", '\\', "ENV").unwrap(),
            [pair("a", "b  c=d ")]
        );
        assert_eq!(
            pairs("a", '\\', "ENV").unwrap_err(),
            Problem::TwoArguments("ENV")
        );
        assert_eq!(
            pairs("a=1 b", '\\', "ENV").unwrap_err(),
            Problem::NoEquals("b".into())
        );
        assert_eq!(
            pairs("=1", '\\', "ENV").unwrap_err(),
            Problem::BlankName("ENV")
        );
    }

    #[test]
    fn only_a_valid_json_array_is_the_exec_form() {
        assert_eq!(json(r#"["a", "b c"]"#).unwrap().unwrap(), ["a", "b c"]);
        assert_eq!(json("['a']").unwrap(), None);
        assert_eq!(json(r#"["a"] && b"#).unwrap(), None);
        assert_eq!(json(r#"["a", 1]"#).unwrap_err(), Problem::NotStrings);
    }

    #[test]
    fn flags_end_at_the_first_word_without_dashes() {
        let (found, rest) = flags("--from=a --chown=\"b c\"  src --dst");
        assert_eq!(found[1].value.as_deref(), Some("b c"));
        assert_eq!((found.len(), rest), (2, "src --dst"));
        let (found, rest) = flags("--a -- --b");
        assert_eq!((found.len(), rest), (1, "--b"));
    }
}
