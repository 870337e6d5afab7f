//! Values of flags, with Go's words for bad ones.

/// Go's `strconv.ParseBool`.
///
/// # Errors
/// Go's words.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!(
            "strconv.ParseBool: parsing \"{text}\": invalid syntax"
        )),
    }
}

/// Go's `strconv.ParseInt`.
///
/// # Errors
/// Go's words.
pub fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|error: std::num::ParseIntError| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        let reason = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.ParseInt: parsing \"{text}\": {reason}")
    })
}

/// An amount of memory.
///
/// # Errors
/// Docker's words.
pub fn bytes(text: &str) -> Result<i64, String> {
    if text == "-1" {
        Ok(-1)
    } else {
        crate::text::size::parse(text)
    }
}

/// A number of CPUs, as billionths.
///
/// # Errors
/// Docker's words.
pub fn cpus(text: &str) -> Result<i64, String> {
    let value: f64 = text
        .parse()
        .map_err(|_| format!("failed to parse {text} as a rational number"))?;
    let nano = value * 1e9;
    if nano.fract() != 0.0 {
        return Err("value is too precise".into());
    }
    #[allow(clippy::cast_possible_truncation)]
    Ok(nano as i64)
}

/// A time span, as nanoseconds.
///
/// # Errors
/// Go's words.
pub fn duration(text: &str) -> Result<i64, String> {
    crate::text::duration::parse(text)
}

/// A filter: `name=value`, the name in lower case.
///
/// # Errors
/// Docker's words.
pub fn filter(text: &str) -> Result<(String, String), String> {
    if text.is_empty() {
        return Ok((String::new(), String::new()));
    }
    let (name, value) = text
        .split_once('=')
        .ok_or("bad format of filter (expected name=value)")?;
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

/// An environment variable: `NAME=value`, or `NAME` for the value it has here.
///
/// # Errors
/// Docker's words.
pub fn env(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('=') {
        return Err(format!("invalid environment variable: {text}"));
    }
    Ok(text.to_owned())
}

/// A label.
///
/// # Errors
/// Docker's words.
pub fn label(text: &str) -> Result<String, String> {
    if text.starts_with('=') {
        return Err(format!("invalid label '{text}': empty name"));
    }
    Ok(text.to_owned())
}

/// Filters as the API wants them: `{"name":["value"]}`.
#[must_use]
pub fn filters_json(filters: &[(String, String)]) -> String {
    let mut map: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for (name, value) in filters.iter().filter(|(name, _)| !name.is_empty()) {
        map.entry(name).or_default().push(value);
    }
    serde_json::to_string(&map).unwrap_or_default()
}
