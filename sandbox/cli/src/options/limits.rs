//! `--ulimit` and `--restart`.

use serde_json::{Value, json};

const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// `nofile=1024:2048`.
///
/// # Errors
/// Docker's words.
pub fn ulimit(text: &str) -> Result<Value, String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("invalid ulimit argument: {text}"))?;
    if !ULIMITS.contains(&name) {
        return Err(format!("invalid ulimit type: {name}"));
    }
    let number = |text: &str| crate::flags::values::decimal(text);
    let (soft, hard) = match value.split_once(':') {
        None => (number(value)?, number(value)?),
        Some((_, hard)) if hard.contains(':') => {
            return Err(format!(
                "too many limit value arguments - {value}, can only have up to two, `soft[:hard]`"
            ));
        }
        Some((soft, hard)) => (number(soft)?, number(hard)?),
    };
    if hard != -1 && soft == -1 {
        return Err(format!(
            "ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: {hard}"
        ));
    }
    if hard != -1 && soft > hard {
        return Err(format!(
            "ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"
        ));
    }
    Ok(json!({ "Name": name, "Soft": soft, "Hard": hard }))
}

/// Of several limits of one name the last, sorted by name.
#[must_use]
pub fn last_of_each(limits: &[Value]) -> Vec<&Value> {
    let by_name = limits
        .iter()
        .map(|limit| (limit["Name"].as_str().unwrap_or_default(), limit));
    by_name
        .collect::<std::collections::BTreeMap<_, _>>()
        .into_values()
        .collect()
}

/// `on-failure:3`.
///
/// # Errors
/// Docker's words.
pub fn restart(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(json!({ "Name": "", "MaximumRetryCount": 0 }));
    }
    let (name, count) = text
        .split_once(':')
        .map_or((text, None), |(name, count)| (name, Some(count)));
    if name.is_empty() {
        return Err("invalid restart policy format: no policy provided before colon".into());
    }
    let count = match count {
        None | Some("") => 0,
        Some(count) => count.parse::<i64>().map_err(|_| {
            "invalid restart policy format: maximum retry count must be an integer".to_owned()
        })?,
    };
    Ok(json!({ "Name": name, "MaximumRetryCount": count }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_both_limits() {
        assert_eq!(
            ulimit("nofile=10"),
            Ok(json!({ "Name": "nofile", "Soft": 10, "Hard": 10 }))
        );
        assert_eq!(
            ulimit("nofile=10:5"),
            Err("ulimit soft limit must be less than or equal to hard limit: 10 > 5".into())
        );
        assert_eq!(ulimit("files=1"), Err("invalid ulimit type: files".into()));
    }

    #[test]
    fn a_restart_policy_may_count() {
        assert_eq!(
            restart("on-failure:3"),
            Ok(json!({ "Name": "on-failure", "MaximumRetryCount": 3 }))
        );
        assert!(restart("on-failure:x").is_err());
        assert!(restart(":3").is_err());
    }
}
