//! One record of comma-separated fields, as Go's `encoding/csv` reads it (RFC 4180).

/// The fields of `line`; one in double quotes may hold commas.
///
/// # Errors
/// Go's words.
pub fn fields(line: &str) -> Result<Vec<String>, String> {
    if line.is_empty() {
        return Err("EOF".into());
    }
    let mut out = Vec::new();
    let mut rest = line;
    loop {
        let at = line.len() - rest.len();
        let (field, tail) = if rest.starts_with('"') {
            quoted(rest, at)?
        } else {
            plain(rest, at)?
        };
        out.push(field);
        match tail.strip_prefix(',') {
            Some(tail) => rest = tail,
            None => return Ok(out),
        }
    }
}

fn plain(text: &str, at: usize) -> Result<(String, &str), String> {
    let end = text.find(',').unwrap_or(text.len());
    match text[..end].find('"') {
        Some(quote) => Err(wrong(at + quote, "bare \" in non-quoted-field")),
        None => Ok((text[..end].to_owned(), &text[end..])),
    }
}

fn quoted(text: &str, at: usize) -> Result<(String, &str), String> {
    const EXTRANEOUS: &str = "extraneous or missing \" in quoted-field";
    let mut field = String::new();
    let mut rest = &text[1..];
    loop {
        let Some(quote) = rest.find('"') else {
            return Err(wrong(at + text.len(), EXTRANEOUS));
        };
        field.push_str(&rest[..quote]);
        let tail = &rest[quote + 1..];
        match tail.strip_prefix('"') {
            Some(doubled) => {
                field.push('"');
                rest = doubled;
            }
            None if tail.is_empty() || tail.starts_with(',') => return Ok((field, tail)),
            None => return Err(wrong(at + text.len() - tail.len() - 1, EXTRANEOUS)),
        }
    }
}

fn wrong(at: usize, why: &str) -> String {
    format!("parse error on line 1, column {}: {why}", at + 1)
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn quotes_hold_commas_and_doubled_quotes() {
        let fields = |line| fields(line).unwrap();
        assert_eq!(fields("a=1,b=2"), ["a=1", "b=2"]);
        assert_eq!(fields("\"a=1,2\",b"), ["a=1,2", "b"]);
        assert_eq!(fields("\"a\"\"b\","), ["a\"b", ""]);
    }

    #[test]
    fn quotes_in_the_wrong_place_are_named_by_their_column() {
        let cases = [
            ("", "EOF"),
            (
                "type=bind,src=/a,dst=\"/b",
                "parse error on line 1, column 22: bare \" in non-quoted-field",
            ),
            (
                "dst=/x,\"a\"b",
                "parse error on line 1, column 10: extraneous or missing \" in quoted-field",
            ),
            (
                "\"dst=/x",
                "parse error on line 1, column 8: extraneous or missing \" in quoted-field",
            ),
        ];
        for (line, words) in cases {
            assert_eq!(fields(line), Err(words.to_owned()), "{line}");
        }
    }
}
