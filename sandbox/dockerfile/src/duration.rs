//! Durations as Go writes them: `1m30s`, `500ms`.

use std::time::Duration;

/// Why a text is no duration, as Go says it.
pub(crate) fn problem(text: &str) -> String {
    let invalid = || format!("invalid duration {text:?}");
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest.is_empty() {
        return invalid();
    }
    while !rest.is_empty() {
        let number = |c: char| c.is_ascii_digit() || c == '.';
        let unit = rest.trim_start_matches(number);
        let written = &rest[..rest.len() - unit.len()];
        if !written.contains(|c: char| c.is_ascii_digit()) || written.matches('.').count() > 1 {
            return invalid();
        }
        let end = unit.find(number).unwrap_or(unit.len());
        let (unit, tail) = unit.split_at(end);
        if unit.is_empty() {
            return format!("missing unit in duration {text:?}");
        }
        if !matches!(unit, "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h") {
            return format!("unknown unit {unit:?} in duration {text:?}");
        }
        rest = tail;
    }
    invalid()
}

/// Parses a sum of numbers with units; `None` when it is none. Negative durations are none here.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanos = 0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (value, tail) = rest.split_at(number);
        let unit = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        nanos += value.parse::<f64>().ok()? * scale;
        rest = tail;
    }
    Duration::try_from_secs_f64(nanos / 1e9)
        .ok()
        .filter(|time| i64::try_from(time.as_nanos()).is_ok())
}

/// Writes as Go does: `1m30s`, `1.5s`, `500ms`, `0s`.
#[must_use]
pub fn format(time: Duration) -> String {
    let nanos = time.as_nanos();
    if nanos == 0 {
        return "0s".into();
    }
    if nanos < 1_000_000_000 {
        return match nanos {
            0..1_000 => format!("{nanos}ns"),
            1_000..1_000_000 => decimal(nanos, 1_000, "µs"),
            _ => decimal(nanos, 1_000_000, "ms"),
        };
    }
    let (hours, minutes) = (nanos / 3_600_000_000_000, nanos / 60_000_000_000 % 60);
    let seconds = decimal(nanos % 60_000_000_000, 1_000_000_000, "s");
    match (hours, minutes) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
}

fn decimal(value: u128, unit: u128, name: &str) -> String {
    let digits = unit.ilog10() as usize;
    let text = format!("{}.{:0digits$}", value / unit, value % unit);
    format!("{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in [
            "0s",
            "5s",
            "1m30s",
            "500ms",
            "1.5s",
            "2h0m0s",
            "1h1m1.25s",
            "10µs",
            "7ns",
        ] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
        assert_eq!(parse("90s").map(format).as_deref(), Some("1m30s"));
    }

    #[test]
    fn what_is_wrong_with_a_duration_is_told_as_go_does() {
        for (text, told) in [
            ("", "invalid duration \"\""),
            ("x", "invalid duration \"x\""),
            ("5", "missing unit in duration \"5\""),
            ("1h5", "missing unit in duration \"1h5\""),
            ("1d", "unknown unit \"d\" in duration \"1d\""),
            ("5 s", "unknown unit \" s\" in duration \"5 s\""),
            ("1.2.3s", "invalid duration \"1.2.3s\""),
        ] {
            assert_eq!(problem(text), told);
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "x",
            "5",
            "5 s",
            "-1s",
            "1d",
            "s",
            "1e400h",
            "99999999999999h",
            ".",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
