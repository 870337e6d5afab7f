//! Comma-separated values.

use crate::error::Problem;

/// One record of comma-separated values: a value in double quotes may hold commas, and `""` for a quote.
pub(super) fn fields(text: &str) -> Result<Vec<String>, Problem> {
    let mut fields = Vec::new();
    let mut rest = text;
    if rest.is_empty() {
        return Err(Problem::MountList("EOF"));
    }
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let (field, tail) = match rest.split_once(',') {
                Some((field, tail)) => (field, Some(tail)),
                None => (rest, None),
            };
            if field.contains('"') {
                return Err(Problem::MountList("bare \" in non-quoted-field"));
            }
            fields.push(field.to_owned());
            match tail {
                Some(tail) => rest = tail,
                None => return Ok(fields),
            }
            continue;
        };
        let mut field = String::new();
        let mut tail = quoted;
        loop {
            let Some((part, after)) = tail.split_once('"') else {
                return Err(Problem::MountList(
                    "extraneous or missing \" in quoted-field",
                ));
            };
            field.push_str(part);
            tail = after;
            match after.strip_prefix('"') {
                Some(more) => {
                    field.push('"');
                    tail = more;
                }
                None => break,
            }
        }
        fields.push(field);
        match tail.strip_prefix(',') {
            Some(more) => rest = more,
            None if tail.is_empty() => return Ok(fields),
            None => {
                return Err(Problem::MountList(
                    "extraneous or missing \" in quoted-field",
                ));
            }
        }
    }
}
