//! A look at a template's actions before they are parsed: what Go finds while parsing and the template library does not,
//! and methods that take arguments.

/// Go's own functions, and those that Docker adds.
const FUNCTIONS: [&str; 27] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
    "print", "printf", "println", "slice", "urlquery", "join", "json", "lower", "pad", "split",
    "title", "truncate", "upper",
];
const KEYWORDS: [&str; 13] = [
    "if", "else", "end", "range", "with", "define", "template", "block", "break", "continue",
    "nil", "true", "false",
];
/// Fields of rows that are methods of one argument.
const METHOD: &str = ".Label";

/// A word of an action, and what stands around it.
struct Word<'a> {
    text: &'a str,
    at: usize,
}

/// What is wrong with the words of the actions, in Go's words.
///
/// # Errors
/// A function that nobody knows, or an `end` without beginning.
pub fn check(template: &str) -> Result<(), String> {
    let mut depth = 0usize;
    for word in words(template) {
        match word.text {
            "if" | "range" | "with" | "define" | "block" if opens(template, word.at) => depth += 1,
            "end" => {
                depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| "unexpected {{end}}".to_owned())?;
            }
            text if text.starts_with(['.', '$']) || KEYWORDS.contains(&text) => {}
            text if FUNCTIONS.contains(&text) => {}
            text => return Err(format!("function \"{text}\" not defined")),
        }
    }
    Ok(())
}

/// The template with `call` before methods, as the library wants them.
#[must_use]
pub fn with_calls(template: &str) -> String {
    let mut out = template.to_owned();
    let methods: Vec<usize> = words(template)
        .filter(|word| word.text == METHOD || word.text == "$.Label")
        .map(|word| word.at)
        .collect();
    for at in methods.into_iter().rev() {
        out.insert_str(at, "call ");
    }
    out
}

/// Whether the word at `at` is the first of its action: `else if` opens nothing.
fn opens(template: &str, at: usize) -> bool {
    template[..at].trim_end_matches([' ', '-']).ends_with("{{")
}

/// Names, fields and variables inside `{{ }}`; strings, numbers and comments are left out.
fn words(template: &str) -> impl Iterator<Item = Word<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(open) = template[at..].find("{{") {
        at += open + 2;
        let end = action(template, at, &mut out);
        at = end;
    }
    out.into_iter()
}

/// Collects the words of the action that begins at `at`, and gives where it ends.
fn action<'a>(template: &'a str, mut at: usize, out: &mut Vec<Word<'a>>) -> usize {
    while at < template.len() {
        let rest = &template[at..];
        let Some(c) = rest.chars().next() else { break };
        match c {
            _ if rest.starts_with("}}") => return at + 2,
            _ if rest.starts_with("/*") => at += rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' | '`' | '\'' => at += quoted(rest, c),
            c if c.is_alphabetic() || matches!(c, '_' | '.' | '$') => {
                let length = rest
                    .find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '$'))
                    .unwrap_or(rest.len());
                out.push(Word {
                    text: &rest[..length],
                    at,
                });
                at += length;
            }
            c if c.is_ascii_digit() => {
                at += rest
                    .find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.'))
                    .unwrap_or(rest.len());
            }
            c => at += c.len_utf8(),
        }
    }
    template.len()
}

/// The length of the string that `rest` begins with.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = quote != '`' && c == '\\' && !escaped;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_nobody_knows_are_named() {
        let wrong = |name: &str| Err(format!("function \"{name}\" not defined"));
        assert_eq!(check("{{nosuch .ID}}"), wrong("nosuch"));
        assert_eq!(check("{{.ID | foo}}"), wrong("foo"));
        assert_eq!(check("{{1 | foo"), wrong("foo"));
        for good in [
            "foo {{.ID}} {{upper .Names | json}} {{/* foo */}}",
            "{{range $k, $v := .A.B}}{{$k}} \"{{printf \"%s foo\" $v}}\"{{else if true}}{{end}}",
            "{{index .A 0x1f}}{{- .B -}}",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn an_end_needs_a_beginning() {
        assert_eq!(check("{{end}}"), Err("unexpected {{end}}".into()));
        assert_eq!(check("{{if .A}}{{else}}{{end}}"), Ok(()));
    }

    #[test]
    fn methods_with_an_argument_are_called() {
        assert_eq!(
            with_calls("{{.Label \"a\"}} {{if (.Label \"b\")}}{{.Labels}}{{end}} .Label \"x\""),
            "{{call .Label \"a\"}} {{if (call .Label \"b\")}}{{.Labels}}{{end}} .Label \"x\""
        );
    }
}
