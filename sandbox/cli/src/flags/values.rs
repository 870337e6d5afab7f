//! Values of flags, with Go's words for bad ones.

use std::collections::BTreeMap;

use drydock_api::client::percent_encode;

use crate::text::quote::quote;

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
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (base, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    // Go lets an underscore stand between two digits.
    let plain = if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        String::new()
    } else {
        digits.replace('_', "")
    };
    if plain.starts_with(['+', '-']) {
        return Err(go_words("ParseInt", text, "invalid syntax"));
    }
    i64::from_str_radix(&format!("{sign}{plain}"), base)
        .map_err(|error| go_words("ParseInt", text, reason(&error)))
}

/// Go's `strconv.ParseInt` in base ten.
///
/// # Errors
/// Go's words.
pub fn decimal(text: &str) -> Result<i64, String> {
    text.parse()
        .map_err(|error| go_words("ParseInt", text, reason(&error)))
}

/// Go's `strconv.ParseUint` for sixteen bits.
///
/// # Errors
/// Go's words.
pub fn uint16(text: &str) -> Result<u16, String> {
    if text.starts_with('+') {
        return Err(go_words("ParseUint", text, "invalid syntax"));
    }
    text.parse()
        .map_err(|error| go_words("ParseUint", text, reason(&error)))
}

fn reason(error: &std::num::ParseIntError) -> &'static str {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    match error.kind() {
        PosOverflow | NegOverflow => "value out of range",
        _ => "invalid syntax",
    }
}

fn go_words(function: &str, text: &str, reason: &str) -> String {
    format!("strconv.{function}: parsing {}: {reason}", quote(text))
}

/// An amount of memory.
///
/// # Errors
/// Docker's words.
pub fn bytes(text: &str) -> Result<i64, String> {
    crate::text::size::parse(text)
}

/// An amount of swap: -1 means without limit.
///
/// # Errors
/// Docker's words.
pub fn swap_bytes(text: &str) -> Result<i64, String> {
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
    let unreadable = || format!("failed to parse {text} as a rational number");
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    let (above, power) = scientific(above).ok_or_else(unreadable)?;
    let below: i128 = below
        .parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(unreadable)?;
    let too_precise = || "value is too precise".to_owned();
    let (mut nano, power) = (above, power + 9);
    for _ in 0..power.unsigned_abs().min(60) {
        nano = if power > 0 {
            nano.saturating_mul(10)
        } else if nano % 10 == 0 {
            nano / 10
        } else {
            return Err(too_precise());
        };
    }
    if nano % below != 0 {
        return Err(too_precise());
    }
    // As Go cuts a big number to 64 bits.
    #[allow(clippy::cast_possible_truncation)]
    Ok((nano / below) as i64)
}

/// `1.5e3` as digits and the power of ten that they are multiplied with.
fn scientific(text: &str) -> Option<(i128, i32)> {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok().filter(|e: &i32| e.abs() < 1000)?;
    let plain = number.replace('_', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    Some((digits, exponent - places))
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
    if text.is_empty() || text.starts_with('=') {
        return Err(format!("invalid label '{text}': empty name"));
    }
    Ok(text.to_owned())
}

/// Several texts with commas between them: one value of a flag of pflag's type `strings`.
///
/// # Errors
/// Go's words.
pub fn strings(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    crate::text::csv::fields(text)
}

/// Filters as the API wants them: `{"name":{"value":true}}`.
#[must_use]
pub fn filters_json(filters: &[(String, String)]) -> String {
    let mut map: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
    for (name, value) in filters.iter().filter(|(name, _)| !name.is_empty()) {
        map.entry(name).or_default().insert(value, true);
    }
    serde_json::to_string(&map).unwrap_or_default()
}

/// Adds the filters to the query of `path`, if there are any.
#[must_use]
pub fn with_filters(path: &str, filters: &[(String, String)]) -> String {
    if filters.iter().all(|(name, _)| name.is_empty()) {
        return path.to_owned();
    }
    let mark = if path.contains('?') { '&' } else { '?' };
    format!(
        "{path}{mark}filters={}",
        percent_encode(&filters_json(filters))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        assert_eq!(integer("0x10"), Ok(16));
        assert_eq!(integer("1_000"), Ok(1000));
        assert_eq!(integer("-0"), Ok(0));
        assert_eq!(
            integer("x"),
            Err("strconv.ParseInt: parsing \"x\": invalid syntax".into())
        );
        assert_eq!(
            uint16("70000"),
            Err("strconv.ParseUint: parsing \"70000\": value out of range".into())
        );
    }

    #[test]
    fn cpus_are_rational_numbers() {
        assert_eq!(cpus("1.5"), Ok(1_500_000_000));
        assert_eq!(cpus("1/2"), Ok(500_000_000));
        assert_eq!(cpus("1e1"), Ok(10_000_000_000));
        assert_eq!(cpus(".5"), Ok(500_000_000));
        assert_eq!(cpus("1."), Ok(1_000_000_000));
        assert_eq!(cpus("1.12345678912"), Err("value is too precise".into()));
        assert!(cpus("x").is_err() && cpus("").is_err());
    }
}
