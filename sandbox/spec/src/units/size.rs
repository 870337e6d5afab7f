//! Sizes as go-units writes and reads them.

const DECIMAL: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
/// The first size that 64 bits do not hold.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;
const BINARY: [&str; 9] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/// `1.23kB`: three digits, as in the columns of tables.
#[must_use]
pub fn short(bytes: i64) -> String {
    scaled(bytes, 1000.0, &DECIMAL, 3)
}

/// `1.234kB`: four digits, as in progress lines.
#[must_use]
pub fn long(bytes: i64) -> String {
    scaled(bytes, 1000.0, &DECIMAL, 4)
}

/// `23.54GiB`: of memory.
#[must_use]
pub fn binary(bytes: i64) -> String {
    scaled(bytes, 1024.0, &BINARY, 4)
}

fn scaled(bytes: i64, base: f64, units: &[&str], digits: usize) -> String {
    // Nine quadrillion bytes fit exactly; beyond that no digit shown changes.
    #[allow(clippy::cast_precision_loss)]
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= base && unit + 1 < units.len() {
        size /= base;
        unit += 1;
    }
    format!("{}{}", general(size, digits), units[unit])
}

/// Go's `%.{digits}g`.
fn general(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    let digits = i32::try_from(digits).unwrap_or(4);
    if exponent < -4 || exponent >= digits {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    trim(&format!("{value:.decimals$}"))
}

/// Reads `64m`, `1.5GB`, `100`: units are powers of 1024, as for memory.
///
/// # Errors
/// Docker's words.
pub fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("invalid size: '{text}'");
    let last = text
        .rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')
        .ok_or_else(invalid)?;
    let (number, suffix) = if text[last..].starts_with(' ') {
        (&text[..last], &text[last + 1..])
    } else {
        text.split_at(last + 1)
    };
    let value: f64 = number
        .parse()
        .map_err(|_| format!("strconv.ParseFloat: parsing \"{number}\": invalid syntax"))?;
    if value < 0.0 {
        return Err(invalid());
    }
    let lower = suffix.to_ascii_lowercase();
    let power = match lower.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return Err(format!("invalid suffix: '{lower}'")),
    };
    let bytes = value * 1024f64.powi(power);
    // Go's conversion of what does not fit.
    if bytes >= TOO_LARGE {
        return Ok(i64::MIN);
    }
    #[allow(clippy::cast_possible_truncation)]
    Ok(bytes as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_go_units_does() {
        assert_eq!(short(0), "0B");
        assert_eq!(short(999), "999B");
        assert_eq!(short(1234), "1.23kB");
        assert_eq!(short(133_000_000), "133MB");
        assert_eq!(short(1_984_213), "1.98MB");
        assert_eq!(long(1_984_213), "1.984MB");
        assert_eq!(long(3072), "3.072kB");
        assert_eq!(long(1_000_000), "1MB");
        // Go's %.3g, not a mistake of ours.
        assert_eq!(short(999_900), "1e+03kB");
        assert_eq!(binary(25_276_502_016), "23.54GiB");
    }

    #[test]
    fn sizes_are_read_in_powers_of_1024() {
        assert_eq!(parse("64m"), Ok(64 << 20));
        assert_eq!(parse("1.5G"), Ok(3 << 29));
        assert_eq!(parse("100"), Ok(100));
        assert_eq!(parse("4KB"), Ok(4096));
        assert_eq!(parse("5 m"), Ok(5 << 20));
        assert_eq!(parse("1x"), Err("invalid suffix: 'x'".into()));
        assert_eq!(parse(""), Err("invalid size: ''".into()));
        assert_eq!(parse("m"), Err("invalid size: 'm'".into()));
    }
}
