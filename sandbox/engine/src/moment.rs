//! Times as filters take them (`until=10m`, `until=2026-01-02`): a time, or how long ago it was. Pure.
//!
//! The forms are those of the Docker CLI's reference, "docker container prune", section "Filtering".

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The moment that `text` means at `now`.
pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    ago(text, now)
        .or_else(|| text.parse().ok())
        .or_else(|| without_zone(text))
        .or_else(|| unix(text))
        .ok_or_else(|| format!("failed to parse value as time or duration: {text:?}"))
}

/// A duration in Go's notation, before now.
fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut nanos = 0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let units = [
            ("ns", 1.0),
            ("us", 1e3),
            ("µs", 1e3),
            ("ms", 1e6),
            ("s", 1e9),
            ("m", 60e9),
            ("h", 3600e9),
        ];
        // `ms` is looked for before `m`.
        let (unit, factor) = units.into_iter().find(|(unit, _)| {
            after.strip_prefix(unit).is_some_and(|next| {
                next.is_empty() || next.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            })
        })?;
        nanos += number.parse::<f64>().ok()? * factor;
        rest = &after[unit.len()..];
    }
    let nanos = if negative { -nanos } else { nanos };
    let then = now.as_nanosecond() - nanos as i128;
    Timestamp::from_nanosecond(then).ok()
}

/// A date, or a date and as much of a time as is wanted, in UTC.
fn without_zone(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let parsed = DateTime::strptime("%Y-%m-%dT%H:%M:%S%.f", text)
        .or_else(|_| DateTime::strptime("%Y-%m-%dT%H:%M", text))
        .or_else(|_| DateTime::strptime("%Y-%m-%dT%H:%M", format!("{text}:00")))
        .or_else(|_| DateTime::strptime("%Y-%m-%dT%H:%M", format!("{text}T00:00")));
    let zoned = parsed.ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

fn unix(text: &str) -> Option<Timestamp> {
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    plain.then(|| crate::clock::parse_limit(text).ok().flatten())?
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_read_in_all_of_dockers_forms() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let read = |text: &str| parse(text, now).map(|time| time.to_string());
        for (text, expected) in [
            ("10m", "2026-11-28T11:50:00Z"),
            ("1h30m", "2026-11-28T10:30:00Z"),
            ("1.5s", "2026-11-28T11:59:58.5Z"),
            ("250ms", "2026-11-28T11:59:59.75Z"),
            ("2026-11-27", "2026-11-27T00:00:00Z"),
            ("2026-11-27T10", "2026-11-27T10:00:00Z"),
            ("2026-11-27T10:11", "2026-11-27T10:11:00Z"),
            ("2026-11-27T10:11:12.5", "2026-11-27T10:11:12.5Z"),
            ("2026-11-27T10:11:12+01:00", "2026-11-27T09:11:12Z"),
            ("1795252652.5", "2026-11-21T09:17:32.5Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(
            read("x").unwrap_err(),
            "failed to parse value as time or duration: \"x\""
        );
        assert!(read("10 m").is_err() && read("").is_err() && read("5x").is_err());
    }
}
