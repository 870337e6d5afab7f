//! Docker's booleans, numbers and lists in a query.

use serde::{Deserialize, Deserializer};

/// As Docker's `httputils.BoolValue`: everything is true but these.
pub(crate) fn is_true(text: &str) -> bool {
    !matches!(
        text.trim().to_ascii_lowercase().as_str(),
        "" | "0" | "no" | "false" | "none"
    )
}

/// For `#[serde(default, deserialize_with = "query::flag")]`.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(is_true(&String::deserialize(deserializer)?))
}

/// All names with their values, in order; a name may come more than once.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        rest = match (
            first,
            hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                &tail[2..]
            }
            (b'+', _) => {
                bytes.push(b' ');
                tail
            }
            (byte, _) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn flags_are_true_as_docker_takes_them() {
        assert!(
            ["1", "true", "True", "yes", "x"]
                .into_iter()
                .all(super::is_true)
        );
        assert!(
            !["", "0", "false", "no", "None", " 0 "]
                .into_iter()
                .any(super::is_true)
        );
    }
}
