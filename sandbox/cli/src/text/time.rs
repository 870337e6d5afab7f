//! Points in time: how long ago, and the options `--since` and `--until`.

use drydock_spec::units::rough;
use jiff::Timestamp;

/// "3 seconds ago", of a Unix time.
#[must_use]
pub fn since(unix: i64) -> String {
    format!("{} ago", rough(Timestamp::now().as_second() - unix))
}

/// `2026-11-21 09:21:04 +0000 UTC`, as the column `CreatedAt` has it.
#[must_use]
pub fn created_at(unix: i64) -> String {
    Timestamp::from_second(unix).map_or_else(
        |_| String::new(),
        |t| t.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string(),
    )
}

/// `2026-11-21T09:18:42Z`.
#[must_use]
pub fn rfc3339(unix: i64) -> String {
    Timestamp::from_second(unix).map_or_else(
        |_| String::new(),
        |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

/// `2026-11-21 09:21:04.5 +0000 UTC`, as Go prints a time in RFC 3339; anything else stays as it is.
#[must_use]
pub fn go(text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(
        |_| text.to_owned(),
        |t| {
            let fraction = format!("{:09}", t.subsec_nanosecond());
            let fraction = match fraction.trim_end_matches('0') {
                "" => String::new(),
                digits => format!(".{digits}"),
            };
            format!("{}{fraction} +0000 UTC", t.strftime("%Y-%m-%d %H:%M:%S"))
        },
    )
}

/// `Thu May  7 21:09:36 2026`, of a time in RFC 3339; anything else stays as it is.
#[must_use]
pub fn ansi(text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(
        |_| text.to_owned(),
        |t| t.strftime("%a %b %e %H:%M:%S %Y").to_string(),
    )
}

/// A time as the user writes it (`42m`, `2026-01-02T13:23:37Z`, `2026-01-02`, Unix seconds), as the API wants it:
/// `seconds.nanoseconds`.
///
/// # Errors
/// Docker's words.
pub fn parse(text: &str) -> Result<String, String> {
    if let Ok(span) = super::duration::parse(text)
        && text != "0"
    {
        let nanos = Timestamp::now().as_nanosecond() - i128::from(span);
        return Ok(format!(
            "{}.{:09}",
            nanos.div_euclid(1_000_000_000),
            nanos.rem_euclid(1_000_000_000)
        ));
    }
    if !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.matches('.').count() < 2
    {
        return Ok(text.into());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(format!(
            "{}.{:09}",
            time.as_second(),
            time.subsec_nanosecond()
        ));
    }
    // Without a zone it is the local time; with a date alone, its midnight.
    if let Ok(time) = text.parse::<jiff::civil::DateTime>()
        && let Ok(zoned) = time.to_zoned(jiff::tz::TimeZone::system())
    {
        return Ok(format!(
            "{}.{:09}",
            zoned.timestamp().as_second(),
            zoned.timestamp().subsec_nanosecond()
        ));
    }
    Err(format!(
        "failed to parse value as time or duration: \"{text}\""
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_build_is_written_as_ansi_c_writes_it() {
        assert_eq!(
            ansi("2026-05-07T21:09:36.000000000+00:00"),
            "Thu May  7 21:09:36 2026"
        );
        assert_eq!(ansi("unknown"), "unknown");
    }

    #[test]
    fn points_in_time_are_read_in_every_spelling() {
        assert_eq!(parse("1136073600.5"), Ok("1136073600.5".into()));
        assert_eq!(
            parse("2006-01-01T00:00:00Z"),
            Ok("1136073600.000000000".into())
        );
        assert_eq!(
            parse("2006-01-01T01:00:00.25+01:00"),
            Ok("1136073600.250000000".into())
        );
        assert!(parse("10m").is_ok());
        assert!(parse("2006-01-02").is_ok());
        assert_eq!(
            parse("foo"),
            Err("failed to parse value as time or duration: \"foo\"".into())
        );
    }
}
