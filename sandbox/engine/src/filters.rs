//! `filters={"label":{"a=b":true}}`, and the older `{"label":["a=b"]}`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::EngineError;

/// The values asked for, by filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filters(BTreeMap<String, BTreeSet<String>>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    List(Vec<String>),
    Set(BTreeMap<String, bool>),
}

impl Filters {
    /// Reads the query's value; nothing at all is no filter. A filter that is not in `known` is refused.
    pub(crate) fn parse(text: Option<&str>, known: &[&str]) -> Result<Self, EngineError> {
        let filters = Self::parse_any(text)?;
        match filters.0.keys().find(|key| !known.contains(&key.as_str())) {
            Some(odd) => Err(EngineError::Invalid(format!("Invalid filter '{odd}'"))),
            None => Ok(filters),
        }
    }

    /// As [`Filters::parse`], whatever the filters are called: Docker's events ignore those that they do not know.
    pub(crate) fn parse_any(text: Option<&str>) -> Result<Self, EngineError> {
        let text = text.unwrap_or_default();
        if text.is_empty() {
            return Ok(Self::default());
        }
        let raw: BTreeMap<String, Values> = serde_json::from_str(text)
            .map_err(|_| EngineError::Invalid("invalid filter".into()))?;
        let values = raw.into_iter().map(|(key, values)| {
            let values = match values {
                Values::List(list) => list.into_iter().collect(),
                Values::Set(set) => set
                    .into_iter()
                    .filter(|(_, on)| *on)
                    .map(|(v, _)| v)
                    .collect(),
            };
            (key, values)
        });
        Ok(Self(values.collect()))
    }

    /// The values of one filter, in order.
    pub(crate) fn get(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0.get(key).into_iter().flatten().map(String::as_str)
    }

    /// Whether the filter was given with a value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).next().is_some()
    }

    /// True without this filter, or when one of its values fits.
    pub(crate) fn any(&self, key: &str, fits: impl FnMut(&str) -> bool) -> bool {
        !self.has(key) || self.get(key).any(fits)
    }

    /// True without this filter, or when one of its values is `text` or, as a regular expression, is found in it.
    pub(crate) fn matches(&self, key: &str, text: &str) -> bool {
        self.any(key, |pattern| {
            pattern == text
                || regex_lite::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
        })
    }

    /// `label=key` and `label=key=value`: all of them must fit; `label!` none.
    pub(crate) fn labels(&self, labels: Option<&BTreeMap<String, String>>) -> bool {
        let fits = |wanted: &str| {
            let (key, value) = wanted
                .split_once('=')
                .map_or((wanted, None), |(k, v)| (k, Some(v)));
            labels
                .and_then(|l| l.get(key))
                .is_some_and(|found| value.is_none_or(|v| v == found))
        };
        self.get("label").all(fits) && !self.get("label!").any(fits)
    }

    /// A filter whose value is a boolean.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, EngineError> {
        let Some(value) = self.get(key).next() else {
            return Ok(None);
        };
        match value {
            "1" | "true" => Ok(Some(true)),
            "0" | "false" => Ok(Some(false)),
            odd => Err(EngineError::Invalid(format!(
                "Invalid filter '{key}=[{odd}]'"
            ))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["label", "status", "dangling", "label!"];

    fn parsed(text: &str) -> Result<Filters, String> {
        Filters::parse(Some(text), KNOWN).map_err(|e| e.to_string())
    }

    #[test]
    fn both_spellings_mean_the_same() {
        let new = parsed(r#"{"status":{"exited":true,"running":false}}"#).unwrap();
        assert_eq!(new, parsed(r#"{"status":["exited"]}"#).unwrap());
        assert!(new.any("status", |s| s == "exited"));
        assert!(!new.any("status", |s| s == "running"));
        assert!(
            new.any("dangling", |_| false),
            "an absent filter lets everything through"
        );
    }

    #[test]
    fn all_labels_must_fit() {
        let labels = BTreeMap::from([("a".into(), "1".into()), ("b".into(), String::new())]);
        let fits = |text: &str| parsed(text).unwrap().labels(Some(&labels));
        assert!(fits(r#"{"label":["a=1","b"]}"#));
        assert!(!fits(r#"{"label":["a=1","c"]}"#));
        assert!(!fits(r#"{"label":["a=2"]}"#));
        assert!(!fits(r#"{"label!":["b"]}"#));
        assert!(!parsed(r#"{"label":["a"]}"#).unwrap().labels(None));
    }

    #[test]
    fn names_are_regular_expressions_and_broken_ones_match_themselves() {
        let known = ["name"];
        let fits = |pattern: &str, name: &str| {
            let text = serde_json::json!({ "name": [pattern] }).to_string();
            Filters::parse(Some(&text), &known)
                .unwrap()
                .matches("name", name)
        };
        assert!(fits("^web$", "web") && fits("w(e|a)b", "my-wab") && fits("", "web"));
        assert!(!fits("^web$", "web2") && !fits("[", "web") && fits("[", "["));
    }

    #[test]
    fn unknown_and_broken_filters_are_refused() {
        assert_eq!(
            parsed(r#"{"colour":["red"]}"#).unwrap_err(),
            "Invalid filter 'colour'"
        );
        assert_eq!(parsed("{").unwrap_err(), "invalid filter");
        assert!(
            parsed(r#"{"dangling":["maybe"]}"#)
                .unwrap()
                .flag("dangling")
                .is_err()
        );
    }
}
