//! Times as Docker writes and reads them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit, civil::DateTime, tz::TimeZone};

/// Go's zero time: what Docker shows for "never".
pub(crate) const NEVER: &str = "0001-01-01T00:00:00Z";

/// `RFC3339Nano`, with trailing zeros left out, in UTC.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    time.to_string()
}

/// As [`rfc3339`], `NEVER` for none.
pub(crate) fn rfc3339_or_never(time: Option<Timestamp>) -> String {
    time.map_or_else(|| NEVER.into(), rfc3339)
}

/// Nine digits of a second always: the prefix of `docker logs --timestamps`.
pub(crate) fn rfc3339_fixed(time: Timestamp) -> String {
    format!("{time:.9}")
}

/// Whole seconds only, as volumes carry them.
pub(crate) fn rfc3339_seconds(time: Timestamp) -> String {
    format!("{:.0}", time.round(Unit::Second).unwrap_or(time))
}

/// `since` and `until`: Unix seconds with an optional fraction, as the CLI sends them, RFC 3339, a date with or without
/// a time (in UTC), or a time ago: `1h30m`. The empty text and `0` mean no limit.
pub(crate) fn parse_limit(text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() || text == "0" {
        return Ok(None);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(Some(time));
    }
    if let Ok(ago) = text.parse::<SignedDuration>() {
        let time = Timestamp::now().checked_sub(ago);
        return time
            .map(Some)
            .map_err(|_| format!("time out of range: {text:?}"));
    }
    if let Ok(date) = text.parse::<DateTime>() {
        let time = TimeZone::UTC.to_timestamp(date);
        return time
            .map(Some)
            .map_err(|_| format!("time out of range: {text:?}"));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole
        .parse()
        .map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))?;
    let digits: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let nanos: i32 = digits
        .parse()
        .map_err(|_| format!("strconv.ParseInt: parsing {fraction:?}: invalid syntax"))?;
    Timestamp::new(seconds, nanos)
        .map(Some)
        .map_err(|_| format!("time out of range: {text:?}"))
}

/// As Go prints a `time.Duration`: `1m30s`, `1.5s`, `500ms`.
pub(crate) fn go_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let fraction = |unit: u128| {
        let (whole, rest) = (nanos / unit, nanos % unit);
        let width = unit.ilog10() as usize;
        let digits = format!("{rest:0width$}");
        match digits.trim_end_matches('0') {
            "" => whole.to_string(),
            digits => format!("{whole}.{digits}"),
        }
    };
    match nanos {
        0 => "0s".into(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}µs", fraction(1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(1_000_000)),
        _ => {
            let (minutes, hours) = (duration.as_secs() / 60, duration.as_secs() / 3600);
            let below = Duration::from_secs(duration.as_secs() % 60)
                + Duration::from_nanos(duration.subsec_nanos().into());
            let seconds = below.as_secs_f64();
            match (hours, minutes) {
                (0, 0) => format!("{seconds}s"),
                (0, _) => format!("{minutes}m{seconds}s"),
                _ => format!("{hours}h{}m{seconds}s", minutes % 60),
            }
        }
    }
}

/// Seconds from `time` until now.
pub(crate) fn seconds_since(time: Timestamp) -> i64 {
    Timestamp::now().as_second() - time.as_second()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_the_cli_sends_them() {
        assert_eq!(parse_limit("0").unwrap(), None);
        let at = parse_limit("1795252652.461641492").unwrap().unwrap();
        assert_eq!(rfc3339(at), "2026-11-21T09:17:32.461641492Z");
        assert_eq!(
            parse_limit("1795252652.5")
                .unwrap()
                .unwrap()
                .subsec_nanosecond(),
            500_000_000
        );
        assert!(parse_limit("2026-11-21T09:17:32Z").unwrap().is_some());
        assert!(parse_limit("yesterday").is_err());
        let noon = parse_limit("2026-11-21T12:00").unwrap().unwrap();
        assert_eq!(rfc3339(noon), "2026-11-21T12:00:00Z");
        assert!(parse_limit("2026-11-21").unwrap().is_some());
        let ago = parse_limit("1h30m").unwrap().unwrap();
        assert!((5400..5410).contains(&seconds_since(ago)));
    }

    #[test]
    fn fractions_are_trimmed_or_fixed_as_the_place_wants() {
        let at = Timestamp::new(1_795_252_652, 500_000_000).unwrap();
        assert_eq!(rfc3339(at), "2026-11-21T09:17:32.5Z");
        assert_eq!(rfc3339_fixed(at), "2026-11-21T09:17:32.500000000Z");
        assert_eq!(
            rfc3339_seconds(Timestamp::new(1_795_252_652, 0).unwrap()),
            "2026-11-21T09:17:32Z"
        );
    }

    #[test]
    fn durations_are_printed_as_go_prints_them() {
        let millis = [0, 20, 500, 1500, 30_000, 90_000, 3_600_000, 5_025_500];
        assert_eq!(
            millis.map(|n| go_duration(Duration::from_millis(n))),
            [
                "0s",
                "20ms",
                "500ms",
                "1.5s",
                "30s",
                "1m30s",
                "1h0m0s",
                "1h23m45.5s"
            ]
        );
        assert_eq!(go_duration(Duration::from_nanos(1_500)), "1.5µs");
    }
}
