//! Bytes as BuildKit's display writes them.

const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];

/// `123B`, `1.23kB`: two decimals, powers of a thousand.
#[must_use]
pub fn amount(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes}B");
    }
    // Two decimals of at most three digits: no digit shown is lost.
    #[allow(clippy::cast_precision_loss)]
    let mut amount = bytes as f64 / 1000.0;
    let mut unit = 0;
    while amount >= 1000.0 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    format!("{amount:.2}{}", UNITS[unit])
}

#[test]
fn amounts_have_two_decimals() {
    assert_eq!(amount(999), "999B");
    assert_eq!(amount(1234), "1.23kB");
    assert_eq!(amount(209_715_200), "209.72MB");
}
