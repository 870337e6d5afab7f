//! JSON as Go's `encoding/json` lays it out.

use std::fmt::Write as _;

/// Lays `raw` out again with four spaces per level; the order of the fields and their spelling stay.
#[must_use]
pub fn indent(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() * 2);
    let mut depth = 0usize;
    let (mut in_string, mut escaped, mut opened) = (false, false, false);
    for c in raw.chars() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        if opened && !matches!(c, '}' | ']') {
            depth += 1;
            new_line(&mut out, depth);
        }
        match c {
            '}' | ']' => {
                if !opened {
                    depth = depth.saturating_sub(1);
                    new_line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                out.push(c);
                in_string = c == '"';
            }
        }
        opened = matches!(c, '{' | '[');
    }
    out
}

/// `text` without white space between its tokens.
///
/// # Errors
/// When it is no JSON, in Go's words where those are simple.
pub fn compact(text: &str) -> Result<String, String> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let first = text.trim_start().chars().next();
        return Err(match first {
            None => "unexpected end of JSON input".into(),
            Some(c) if !"{[\"-tfn".contains(c) && !c.is_ascii_digit() => {
                format!("invalid character '{c}' looking for beginning of value")
            }
            Some(_) => error.to_string(),
        });
    }
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        if in_string || !c.is_ascii_whitespace() {
            out.push(c);
        }
        in_string = if in_string {
            escaped || c != '"'
        } else {
            c == '"'
        };
        escaped = in_string && !escaped && c == '\\';
    }
    Ok(out)
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("    ", depth));
}

/// A JSON string with Go's escapes: also `<`, `>` and `&`.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// An encoded string with `<`, `>` and `&` as they are.
#[must_use]
pub fn without_html_escapes(encoded: &str) -> String {
    let mut out = String::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (escape, length) = match rest.get(at..at + 6) {
            Some("\\u003c") => ("<", 6),
            Some("\\u003e") => (">", 6),
            Some("\\u0026") => ("&", 6),
            // The escaped character too, which may be another backslash.
            _ => (rest.get(at..at + 2).unwrap_or(&rest[at..]), 2),
        };
        out.push_str(escape);
        rest = rest.get(at + length..).unwrap_or_default();
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_keeps_order_and_empty_brackets() {
        let raw = r#"[{"b":{},"a":[1, "x,{y\"}"],"c":[]}]"#;
        let want = "[\n    {\n        \"b\": {},\n        \"a\": [\n            1,\n            \"x,{y\\\"}\"\n        ],\n        \"c\": []\n    }\n]";
        assert_eq!(indent(raw), want);
        assert_eq!(indent("[]"), "[]");
    }

    #[test]
    fn white_space_goes_but_not_from_strings() {
        assert_eq!(
            compact(" { \"a b\" : \"\\\" c\" } ").as_deref(),
            Ok("{\"a b\":\"\\\" c\"}")
        );
        assert_eq!(
            compact("x"),
            Err("invalid character 'x' looking for beginning of value".into())
        );
    }

    #[test]
    fn angle_brackets_are_escaped_as_go_escapes_them() {
        let mut out = String::new();
        push_string(&mut out, "<none> & \"q\"");
        assert_eq!(out, r#""\u003cnone\u003e \u0026 \"q\"""#);
        assert_eq!(without_html_escapes(&out), r#""<none> & \"q\"""#);
        assert_eq!(without_html_escapes(r#""\\u003c""#), r#""\\u003c""#);
    }
}
