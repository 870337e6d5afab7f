//! Docker's booleans and numbers in a query.

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
