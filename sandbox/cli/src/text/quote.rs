//! Go's `%q` and Docker's shortening of long texts.

use std::fmt::Write as _;

/// `text` in double quotes, as Go's `strconv.Quote`.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() && u32::from(c) < 0x80 => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// At most `width` characters, the last being `…` when something was cut.
#[must_use]
pub fn ellipsis(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    let mut out: String = text.chars().take(width - 1).collect();
    out.push('…');
    out
}

/// The first 12 digits of an id, without its algorithm.
#[must_use]
pub fn short_id(id: &str) -> &str {
    let hex = id.split_once(':').map_or(id, |(_, hex)| hex);
    hex.get(..12).unwrap_or(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_commands_end_in_an_ellipsis_of_the_same_width() {
        assert_eq!(
            ellipsis("sh -c 'echo out; echo err'", 20),
            "sh -c 'echo out; ec…"
        );
        assert_eq!(ellipsis("sleep 1000", 20), "sleep 1000");
    }

    #[test]
    fn control_characters_are_escaped_as_go_escapes_them() {
        assert_eq!(quote("a\"b\\\n\u{1b}é"), "\"a\\\"b\\\\\\n\\x1bé\"");
    }

    #[test]
    fn short_ids_have_no_algorithm() {
        assert_eq!(short_id("sha256:08b4685240d2e6159c05"), "08b4685240d2");
        assert_eq!(short_id("<missing>"), "<missing>");
    }
}
